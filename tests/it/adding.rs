//! `docs/adding-a-service.md`, done literally: the fifty-first service of a town is a row in a file.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::given;
use crate::soap::Message;

/// The blocks of a language in the document, without their indentation.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = document
        .lines()
        .map(|line| line.strip_prefix("   ").unwrap_or(line));
    while let Some(line) = lines.next() {
        if line.strip_prefix("```") == Some(language) {
            let block = lines.by_ref().take_while(|line| *line != "```");
            blocks.push(block.map(|line| format!("{line}\n")).collect());
        }
    }
    blocks
}

/// The name in backquotes that ends with this.
fn file_named(document: &str, ending: &str) -> String {
    let mut quoted = document
        .split('`')
        .filter(|name| name.ends_with(ending) && !name.contains('/'));
    quoted.next().unwrap().to_owned()
}

both_databases! {
    async fn a_fifty_first_service_is_a_row_in_a_file(app: TestApp) {
        let document = std::fs::read_to_string("docs/adding-a-service.md").unwrap();
        let (rows, commands, bodies) =
            (blocks(&document, "toml"), blocks(&document, "sh"), blocks(&document, "json"));
        assert_eq!((rows.len(), commands.len(), bodies.len()), (1, 1, 2));
        let town = avviso::domain::fiscal_code::FiscalCode::parse(crate::app::TOWN).unwrap();
        let before = app.ctx.registry.services(&town, app.ctx.today()).len();

        // A folder with what the commands name: the fixtures, the row, the program.
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("fixtures/comuni")).unwrap();
        let fixture = "fixtures/comuni/avezzano.toml";
        std::fs::copy(fixture, folder.path().join(fixture)).unwrap();
        std::fs::write(folder.path().join(file_named(&document, ".toml")), &rows[0]).unwrap();
        let programs = Path::new(env!("CARGO_BIN_EXE_avviso")).parent().unwrap();
        let path = format!("{}:{}", programs.display(), crate::database::variable("PATH").unwrap());
        let done = Command::new("bash")
            .args(["-euc", &commands[0]])
            .current_dir(folder.path())
            .env("PATH", path)
            .env("DATABASE_URL", app.database_url())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        app.ctx.reload_registry().await.unwrap();
        let codes = app.ctx.registry.services(&town, app.ctx.today()).len();
        assert_eq!((before, codes), (50, 51));

        let office = app.office().await;
        let read = |index: usize| -> Value { serde_json::from_str(&bodies[index]).unwrap() };
        let price = office.post("/assessments", &read(0)).send().await.expect(200);
        assert_eq!(price["total_amount_cents"], 9000);
        let position = office.post("/debt-positions", &read(1)).send().await.expect(201);
        assert_eq!(position["total_amount_cents"], 9000);
        let notice = &position["payment_options"][0]["notices"][0];
        let number = notice["notice_number"].as_str().unwrap();
        assert_eq!(Message::verify(number).send(&app).await.value("amount"), "90.00");
        given::paid(&app, number, "token-1").await;
        let id = position["debt_position_id"].as_str().unwrap();
        let paid = office.get(&format!("/debt-positions/{id}")).send().await.expect(200);
        assert_eq!(paid["state"], "paid");
    }
}
