//! Two towns on one engine never see each other.

use serde_json::{Value, json};

use crate::given::{self, single};
use crate::rest::{Caller, document};

/// Every GET operation: its path and its id.
fn reads() -> Vec<(String, String)> {
    let paths = document()["paths"].as_object().unwrap();
    let reads = paths.iter().filter_map(|(path, item)| {
        Some((
            path.clone(),
            item.get("get")?["operationId"].as_str()?.to_owned(),
        ))
    });
    reads.collect()
}

/// Identifiers of everything that the owner of a list sees in it.
async fn listed(owner: &Caller, path: &str, id: &str) -> Vec<String> {
    let page = owner.get(path).send().await.expect(200);
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item[id].as_str().unwrap().to_owned())
        .collect()
}

both_databases! {
    async fn no_list_shows_what_belongs_to_another_town(app: TestApp) {
        let neighbour = app.neighbour().await;
        let number = single(&given::position(&app, given::tari()).await);
        given::paid(&app, &number, "token-1").await;
        let account = given::canteen_account(&given::canteen(&app).await, &["TRDVLI16C61A241T"]).await;
        let roles: Vec<&str> = avviso::domain::client::ROLES.iter().map(|(role, _)| *role).collect();
        let (ours, theirs) = (app.office().await, app.client(&neighbour, &roles).await);
        assert_eq!(listed(&ours, "/canteen-accounts", "canteen_account_id").await, [account.as_str()]);
        let mut lists = 0;
        for (path, operation) in reads() {
            if path.contains('{') || operation == "show_status" {
                continue;
            }
            let own = ours.get(&path).send().await;
            let foreign = theirs.get(&path).send().await;
            let text = String::from_utf8_lossy(&foreign.body).into_owned();
            for secret in [app.town().as_str(), &number, &account, "token-1", "Mario Rossi", "RSSMRA85T10A562S"] {
                assert!(!text.contains(secret), "{operation} shows {secret}: {text}");
            }
            if foreign.status.is_success() && operation != "list_creditors" {
                assert_eq!(foreign.json()["items"], json!([]), "{operation}");
            }
            lists += usize::from(own.status.is_success());
        }
        assert!(lists >= 4, "only {lists} lists were asked");
        assert_eq!(listed(&theirs, "/creditors", "creditor_tax_code").await, [neighbour.as_str()]);
    }

    async fn what_another_town_owns_is_not_found(app: TestApp) {
        let neighbour = app.neighbour().await;
        let position = given::position(&app, given::tari()).await;
        let number = single(&position);
        given::paid(&app, &number, "token-1").await;
        let roles: Vec<&str> = avviso::domain::client::ROLES.iter().map(|(role, _)| *role).collect();
        let (ours, theirs) = (app.office().await, app.client(&neighbour, &roles).await);
        let payment = listed(&ours, "/payments", "payment_id").await.remove(0);
        let account = given::canteen_account(&given::canteen(&app).await, &["TRDVLI16C61A241T"]).await;
        let mut asked = 0;
        for (path, operation) in reads().into_iter().filter(|(path, _)| path.contains('{')) {
            let path = path
                .replace("{debt_position_id}", &position.id.to_string())
                .replace("{payment_id}", &payment)
                .replace("{canteen_account_id}", &account)
                .replace("{creditor_tax_code}", app.town().as_str())
                .replace("{service_code}", "TARI")
                .replace("{notice_number}", &number);
            if path.contains('{') {
                continue;
            }
            let own = ours.get(&path).send().await;
            assert!(own.status.as_u16() != 404, "{operation}: {}", own.complaint());
            assert_eq!(theirs.get(&path).send().await.complaint(), "404 not-found", "{operation}");
            asked += 1;
        }
        assert!(asked >= 8, "only {asked} resources were asked for");
        for what in ["top-ups", "meals", "transfers", "refunds", "corrections"] {
            let body = match what {
                "meals" => json!({"pupil_tax_code": "TRDVLI16C61A241T", "meal_date": "2026-04-07"}),
                "transfers" => json!({"to_canteen_account_id": account}),
                "refunds" => json!({}),
                "corrections" => json!({"amount_cents": 100, "note": "altrui"}),
                _ => json!({"amount_cents": 1000}),
            };
            let posted = theirs.post(&format!("/canteen-accounts/{account}/{what}"), &body).send().await;
            assert_eq!(posted.complaint(), "404 not-found", "{what}");
        }
        let before = app.dump();
        let cancel: Value = json!({"state": "cancelled"});
        let path = format!("/debt-positions/{}", position.id);
        let patched = theirs.patch(&path, "\"1\"", &cancel).send().await;
        assert_eq!(patched.complaint(), "404 not-found");
        let mail = json!({"channel": "mail", "on": "2026-04-29"});
        let notified = theirs.put(&format!("{path}/notification"), &mail).header("if-match", "\"1\"");
        assert_eq!(notified.send().await.complaint(), "404 not-found");
        let rest = theirs.post(&format!("{path}/integrations"), &json!({})).send().await;
        assert_eq!(rest.complaint(), "404 not-found");
        let put = theirs.put("/creditors/99999000203", &json!({})).send().await;
        assert!(put.status.is_client_error());
        assert_eq!(app.dump(), before);
    }
}
