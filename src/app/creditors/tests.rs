use super::*;
use crate::ctx::scratch::Scratch;
use crate::domain::creditor::Validity;

const AVEZZANO: &str = include_str!("../../../fixtures/comuni/avezzano.toml");
const ALTOPASCIO: &str = include_str!("../../../fixtures/comuni/altopascio.toml");

fn code(text: &str) -> FiscalCode {
    FiscalCode::parse(text).unwrap()
}

fn town(text: &str) -> Registration {
    parse(text, &Taxonomy::Unlisted).unwrap_or_else(|e| panic!("{e}"))
}

async fn import_both(ctx: &Ctx) {
    for text in [AVEZZANO, ALTOPASCIO] {
        let (_, registered) = import_file(ctx, text, &Taxonomy::Unlisted).await.unwrap();
        assert_eq!(registered, Registered::New { revision: 1 });
    }
}

#[tokio::test]
async fn what_was_imported_is_exported_with_the_same_bytes() {
    let scratch = Scratch::new();
    import_both(&scratch.ctx).await;
    for (tax_code, text) in [("99999000203", AVEZZANO), ("99999000104", ALTOPASCIO)] {
        let tax_code = code(tax_code);
        let exported = scratch
            .ctx
            .report(move |c| export(c, &tax_code))
            .await
            .unwrap();
        assert_eq!(exported, text);
    }
    let nobody = code("90002000660");
    let absent = scratch.ctx.report(move |c| export(c, &nobody)).await;
    assert!(matches!(absent, Err(Error::UnknownCreditor(_))));
}

#[tokio::test]
async fn importing_again_changes_nothing_and_a_changed_file_counts_a_revision() {
    let scratch = Scratch::new();
    import_both(&scratch.ctx).await;
    let again = import_file(&scratch.ctx, ALTOPASCIO, &Taxonomy::Unlisted)
        .await
        .unwrap()
        .1;
    assert_eq!(again, Registered::Unchanged { revision: 1 });
    let changed = ALTOPASCIO.replace("Sportello al cittadino", "Sportello");
    let again = import_file(&scratch.ctx, &changed, &Taxonomy::Unlisted)
        .await
        .unwrap()
        .1;
    assert_eq!(again, Registered::Replaced { revision: 2 });
    let tax_code = code("99999000104");
    assert_eq!(
        scratch
            .ctx
            .report(move |c| export(c, &tax_code))
            .await
            .unwrap(),
        changed
    );
}

#[tokio::test]
async fn the_registry_answers_by_creditor_service_and_day() {
    let scratch = Scratch::new();
    let ctx = &scratch.ctx;
    let (avezzano, altopascio) = (code("99999000203"), code("99999000104"));
    assert!(ctx.registry.creditor(&avezzano).is_none());
    import_both(ctx).await;
    let registry = &ctx.registry;
    let creditor = registry.creditor(&avezzano).unwrap();
    assert_eq!(creditor.legal_name.as_str(), "Comune di Avezzano");
    let in_2026 = "2026-12-31".parse().unwrap();
    let in_2027 = "2027-01-01".parse().unwrap();
    let title = |who, day| {
        registry
            .service(who, "TARI", day)
            .map(|row| row.title.to_string())
    };
    assert_eq!(
        title(&avezzano, in_2026).unwrap(),
        "TARI - tassa sui rifiuti 2026"
    );
    assert_eq!(
        title(&avezzano, in_2027).unwrap(),
        "TARI - tassa sui rifiuti 2027"
    );
    assert_eq!(title(&altopascio, in_2027), None);
    assert_eq!(registry.services(&avezzano, in_2026).len(), 50);
    assert_eq!(registry.creditors().len(), 2);
    assert!(registry.broker_known("99999000302") && !registry.broker_known("99999000203"));
    assert!(registry.station_known("99999000302_01") && !registry.station_known("99999000302_09"));
}

#[test]
fn every_fault_of_a_file_is_told_with_its_line_and_path() {
    let broken = ALTOPASCIO
        .replacen(
            "99999000302\"\nsegregation_code = \"02\"",
            "99999000303\"\nsegregation_code = \"2\"",
            1,
        )
        .replacen("9/0107101TS/", "9/0107101XX/", 1);
    let faults = parse(&broken, &Taxonomy::Unlisted).unwrap_err().0;
    let found: Vec<_> = faults
        .iter()
        .map(|f| (f.line, f.pointer.as_str()))
        .collect();
    let line = |needle: &str| broken.split(needle).next().unwrap().lines().count();
    assert_eq!(
        found,
        [
            (line("station_id"), "/stations/0/broker_tax_code"),
            (line("station_id"), "/stations/0/segregation_code"),
            (line("code = \"MENSA\""), "/services/2/taxonomy"),
        ]
    );
}

#[test]
fn every_broken_rule_of_a_file_is_told_with_its_line_and_path() {
    let broken = ALTOPASCIO
        .replacen("kind = \"fine\"", "kind = \"tax\"", 1)
        .replacen("top_up_min_cents = 500", "top_up_min_cents = -1", 1)
        .replacen("code = \"NIDO\"", "code = \"MENSA\"", 1)
        .replacen(
            "iban = \"IT39F9999924700000000000102\"",
            "iban = \"IT69F9999940440000000000202\"",
            1,
        );
    let faults = parse(&broken, &Taxonomy::Unlisted).unwrap_err().0;
    let found: Vec<_> = faults.iter().map(|f| f.pointer.as_str()).collect();
    for pointer in [
        "/services/1/iban",
        "/services/1/kind",
        "/services/2/terms/top_up_min_cents",
        "/services/4/valid_from",
    ] {
        assert!(found.contains(&pointer), "{pointer} in {found:?}");
    }
    assert!(faults.iter().all(|f| f.line > 1), "{faults:?}");
}

#[test]
fn what_is_not_toml_of_this_shape_is_refused_at_its_line() {
    for (text, line, word) in [
        ("tax_code = \"1\"\nlegal_name = ", 2, "value"),
        (
            "tax_code = \"1\"\nlegal_name = \"x\"\ncolour = 1\n",
            3,
            "colour",
        ),
        ("legal_name = \"x\"\n", 1, "tax_code"),
    ] {
        let fault = parse(text, &Taxonomy::Unlisted).unwrap_err().0.remove(0);
        assert_eq!(fault.line, line, "{fault:?}");
        assert!(fault.detail.contains(word), "{fault:?}");
    }
}

#[test]
fn a_code_that_the_taxonomy_does_not_list_is_refused() {
    let list = "DATI SPECIFICI DI INCASSO\n9/0101101IM/\n9/0201102IM/\n9/0102100SA/\n";
    let taxonomy = Taxonomy::read(list, "2026-03-02".parse().unwrap()).unwrap();
    let faults = parse(ALTOPASCIO, &taxonomy).unwrap_err().0;
    assert_eq!(faults.len(), 10);
    assert!(
        faults.iter().all(|f| f.pointer.ends_with("/taxonomy")),
        "{faults:?}"
    );
}

#[test]
fn texts_days_and_odd_names_survive_printing() {
    let mut odd = town(ALTOPASCIO);
    odd.services[0].terms = serde_json::json!({
        "a b": "x\"\\\ty", "day": "2026-02-28", "no day": "2026-02-30", "n": [1, -2], "e": {},
        "list": [{"k": true}, {}], "none": null, "text": "2026-02-28 "
    })
    .into();
    let text = print(&odd);
    let table: toml::Table = text.parse().unwrap();
    let terms = &table["services"][0]["terms"];
    assert_eq!(terms["a b"].as_str(), Some("x\"\\\ty"));
    assert!(terms["day"].is_datetime() && terms["no day"].is_str() && terms["text"].is_str());
    assert!(terms.get("none").is_none());
}

#[tokio::test]
async fn a_stale_writer_is_refused() {
    let scratch = Scratch::new();
    let ctx = &scratch.ctx;
    import_both(ctx).await;
    let mut creditor = town(AVEZZANO).creditor;
    creditor.web_site = None;
    let put = async |expected| {
        let creditor = creditor.clone();
        ctx.write(move |tx, now| register(tx, now, &creditor, expected))
            .await
    };
    assert!(matches!(put(Expected::Absent).await, Err(Error::Stale)));
    assert!(matches!(
        put(Expected::Revision(7)).await,
        Err(Error::Stale)
    ));
    let done = put(Expected::Revision(1)).await.unwrap();
    assert_eq!(done, Registered::Replaced { revision: 2 });
    assert_eq!(
        put(Expected::Any).await.unwrap(),
        Registered::Unchanged { revision: 2 }
    );
}

#[tokio::test]
async fn an_account_in_use_cannot_go_away() {
    let scratch = Scratch::new();
    import_both(&scratch.ctx).await;
    let mut creditor = town(ALTOPASCIO).creditor;
    creditor.accounts.remove(0);
    let refused = scratch
        .ctx
        .write(move |tx, now| register(tx, now, &creditor, Expected::Any))
        .await;
    let Err(Error::Invalid(broken)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(broken[0].pointer, "/services/0/iban");
}

#[tokio::test]
async fn a_new_tariff_is_a_new_version_of_the_service() {
    let scratch = Scratch::new();
    let ctx = &scratch.ctx;
    import_both(ctx).await;
    let tax_code = code("99999000104");
    let mut versions = town(ALTOPASCIO).services;
    versions.retain(|row| row.code.as_str() == "LAMPADE");
    let mut next = versions[0].clone();
    versions[0].valid.until = Some("2026-12-31".parse().unwrap());
    next.terms["rows"][0]["price"]["cents"] = 1500.into();
    next.valid = Validity {
        from: "2027-01-01".parse().unwrap(),
        until: None,
    };
    versions.push(next.clone());
    let done = {
        let (tax_code, versions) = (tax_code.clone(), versions.clone());
        let expected = Expected::Revision(1);
        ctx.write(move |tx, now| register_service(tx, now, &tax_code, &versions, expected))
            .await
    };
    assert_eq!(done.unwrap(), Registered::Replaced { revision: 2 });
    ctx.reload_registry().await.unwrap();
    let in_force = ctx
        .registry
        .service(&tax_code, "LAMPADE", "2027-05-01".parse().unwrap());
    assert_eq!(*in_force.unwrap(), next);
    let held = ctx
        .read(move |c| get_service(c, &tax_code, "LAMPADE"))
        .await
        .unwrap();
    assert_eq!(held, (versions, 2));
}
