//! What a provider changes in a flow after it was filed, paid and accounted for.

use serde_json::{Value, json};

use crate::reconciliation::{LAMP, flow, flow_id, names, paid, revision};

const F: &str = "2026-04-02AGID_01-0001";

/// A journal with the credit of the flow and the order that covers it.
fn journal(amount: &str) -> Vec<u8> {
    let movement = |number: u32, document: &str, of: u32, more: &str| {
        format!(
            "<movimento_conto_evidenza><numero_movimento>{number}</numero_movimento>\
             <tipo_movimento>ENTRATA</tipo_movimento><tipo_documento>{document}</tipo_documento>\
             <tipo_operazione>ESEGUITO</tipo_operazione><numero_documento>{of}</numero_documento>\
             <importo>{amount}</importo><data_movimento>2026-04-03</data_movimento>{more}\
             </movimento_conto_evidenza>"
        )
    };
    let credit = movement(
        1,
        "SOSPESO ENTRATA",
        12,
        &format!("<causale>{}</causale>", names(F)),
    );
    let covers = format!(
        "<sospeso><numero_provvisorio>12</numero_provvisorio>\
         <importo_provvisorio>{amount}</importo_provvisorio></sospeso>"
    );
    let order = movement(2, "REVERSALE", 301, &covers);
    format!(
        "<flusso_giornale_di_cassa><esercizio>2026</esercizio><informazioni_conto_evidenza>\
         <conto_evidenza>1</conto_evidenza>{credit}{order}</informazioni_conto_evidenza>\
         </flusso_giornale_di_cassa>"
    )
    .into_bytes()
}

both_databases! {
    async fn a_revision_tells_what_it_changed_and_which_orders_were_issued_before(app: TestApp) {
        let office = app.office().await;
        let (a, b, c) = (paid(&app, 1, "r1").await, paid(&app, 2, "r2").await, paid(&app, 3, "r3").await);
        flow(&app, F, &[(&a, "r1", LAMP), (&b, "r2", 2 * LAMP)]).await;
        let first = flow_id(&office, F).await;
        let path = |id: &str, query: &str| format!("/settlement-flows/{id}/changes{query}");
        let whole = office.get(&path(&first, "")).send().await.expect(200);
        assert_eq!((&whole["changed_entries"], &whole["items"][1]["change"]), (&json!(2), &json!("added")));
        assert_eq!((&whole["difference_cents"], whole.get("previous_revision")), (&json!(3 * LAMP), None));
        let journal = journal("51.24");
        let import = office.post("/treasury-imports", &Value::Null).bytes("application/xml", journal);
        import.send().await.expect(201);

        revision(&app, (F, 2), &[(&c, "r3", 3 * LAMP), (&b, "r2", LAMP)]).await;
        let flows = office.get("/settlement-flows?state=live").send().await.expect(200);
        let second = flows["items"][0]["settlement_flow_id"].as_str().unwrap().to_owned();
        let found = office.get(&path(&second, "")).send().await.expect(200);
        assert_eq!((&found["revision"], &found["previous_revision"]), (&json!(2), &json!(1)));
        assert_eq!(found["previous_settlement_flow_id"], first);
        assert_eq!((&found["difference_cents"], &found["changed_entries"]), (&json!(LAMP), &json!(3)));
        let items = found["items"].as_array().unwrap();
        let said: Vec<_> = items.iter().map(|item| {
            let amount = |side: &str| item[side]["amount_cents"].as_i64();
            (item["iuv"].as_str().unwrap(), item["change"].as_str().unwrap(), amount("before"), amount("after"))
        }).collect();
        assert_eq!(said, [
            (a.as_str(), "removed", Some(LAMP), None),
            (b.as_str(), "changed", Some(2 * LAMP), Some(LAMP)),
            (c.as_str(), "added", None, Some(3 * LAMP)),
        ]);
        assert_eq!(found["issued_orders"], json!([{
            "year": 2026, "account": "1", "provisional_number": 12, "order_number": 301, "amount_cents": 3 * LAMP,
        }]));
        let page = office.get(&path(&second, "?limit=2")).send().await.expect(200);
        assert_eq!(page["next_cursor"], 2);
        let rest = office.get(&path(&second, "?limit=2&cursor=2")).send().await.expect(200);
        assert_eq!((&rest["items"][0], rest.get("next_cursor")), (&items[2], None));
    }
}
