//! The node's REST question for every way of paying a notice, and who may ask at the node's door.

use actix_web::{App, test as door_of};
use serde_json::{Value, json};

use crate::app::{TOWN, TestApp};
use crate::given::{self, instalment, single};
use crate::soap::check_text;

/// Status and body.
async fn ask(app: &TestApp, creditor: &str, number: &str) -> (u16, Value) {
    let ctx = app.ctx.clone();
    let door = App::new().configure(|cfg| avviso::node::configure(cfg, &ctx));
    let door = door_of::init_service(door).await;
    let path = format!("/payment-options/organizations/{creditor}/notices/{number}");
    let request = door_of::TestRequest::post().uri(&path).to_request();
    let response = door_of::call_service(&door, request).await;
    let status = response.status().as_u16();
    (status, door_of::read_body_json(response).await)
}

/// Status of each option, and of its instalments.
fn standing(answer: &Value) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value["status"].as_str().unwrap().to_owned();
    let options = answer["paymentOptions"].as_array().unwrap().iter();
    let of = |option: &Value| {
        let instalments = option["installments"].as_array().unwrap();
        (text(option), instalments.iter().map(text).collect())
    };
    options.map(of).collect()
}

both_databases! {
    async fn every_way_of_paying_is_shown_with_how_it_stands(app: TestApp) {
        let position = given::position(&app, given::tari()).await;
        let (status, answer) = ask(&app, TOWN, &single(&position)).await;
        assert_eq!(status, 200);
        check_text("payment_options", &serde_json::to_string_pretty(&answer).unwrap());
        // Any notice of the position leads to all of them.
        assert_eq!(ask(&app, TOWN, &instalment(&position, 3)).await, (200, answer));
        given::paid(&app, &instalment(&position, 1), "token-1").await;
        app.set_clock("2026-08-01T08:00:00Z");
        let (_, answer) = ask(&app, TOWN, &single(&position)).await;
        let words = |words: &[&str]| words.iter().map(|word| format!("POI_{word}")).collect::<Vec<_>>();
        assert_eq!(standing(&answer), [
            ("PO_INVALID".to_owned(), words(&["INVALID"])),
            ("PO_PARTIALLY_PAID".to_owned(), words(&["PAID", "EXPIRED_UNPAID", "UNPAID"])),
        ]);
        let events = app.ctx.file_events().await.unwrap();
        assert_eq!(events, 5);
    }

    async fn what_has_no_ways_of_paying_says_why(app: TestApp) {
        let paid = single(&given::position(&app, given::lamps(1)).await);
        given::paid(&app, &paid, "token-1").await;
        let gone = given::position(&app, given::lamps(2)).await;
        given::withdrawn(&app, &gone).await;
        let gone = single(&gone);
        let draft = single(&given::position(&app, given::draft(given::lamps(3))).await);
        let neighbour = app.neighbour().await;
        for (creditor, number, status, code) in [
            (TOWN, "301999999999999999", 404, "ODP-107"),
            (TOWN, "000000000000000000", 404, "ODP-107"),
            (TOWN, "12", 404, "ODP-107"),
            (TOWN, draft.as_str(), 404, "ODP-107"),
            (neighbour.as_str(), paid.as_str(), 404, "ODP-107"),
            ("99999000401", paid.as_str(), 400, "ODP-104"),
            (TOWN, paid.as_str(), 409, "ODP-108"),
            (TOWN, gone.as_str(), 422, "ODP-111"),
        ] {
            let (answered, body) = ask(&app, creditor, number).await;
            assert_eq!((answered, &body["appErrorCode"]), (status, &json!(code)), "{number}: {body}");
            assert_eq!(body["httpStatusCode"], json!(status));
            assert!(body["errorMessage"].as_str().unwrap().starts_with("PAA_"));
        }
        app.tamper("ALTER TABLE notice RENAME TO hidden");
        assert_eq!(ask(&app, TOWN, &paid).await.0, 500);
        app.tamper("ALTER TABLE hidden RENAME TO notice");
    }
}
