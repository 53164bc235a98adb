//! The whole gateway against a small creditor that answers like a station.

mod doors;
mod flows;
mod psps;
mod scenarios;
mod station;
mod year;

use std::path::Path;

use actix_web::web::Data;
use actix_web::{App as Actix, test};
use serde_json::{Value, json};
use tokio::sync::watch;

use self::station::{Station, TOWN};
use crate::app::{App, Parts};
use crate::journal::Store;
use crate::node::NodeClient;
use crate::{control, fdr, receipt_door};

/// A gateway in this process.
struct Gateway {
    app: Data<App>,
    stop: watch::Sender<bool>,
}

impl Gateway {
    fn open(folder: &Path) -> Self {
        let (stop, stopping) = watch::channel(false);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let parts = Parts {
            seed: 7,
            wall_day: "2026-02-01".parse().unwrap(),
            store: Store::open(folder, 7).unwrap(),
            node: NodeClient::new(None, stopping.clone()).unwrap(),
            stop: stopping,
        };
        Self {
            app: Data::new(App::new(parts, tokio::runtime::Handle::current())),
            stop,
        }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let service = Actix::new()
            .app_data(self.app.clone())
            .service(control::scope())
            .service(fdr::scope())
            .service(receipt_door::scope());
        let service = test::init_service(service).await;
        let mut request = test::TestRequest::default()
            .method(method.parse().unwrap())
            .uri(path);
        if !body.is_null() {
            request = request.set_json(body);
        }
        let response = test::call_service(&service, request.to_request()).await;
        let status = response.status().as_u16();
        (
            status,
            String::from_utf8(test::read_body(response).await.to_vec()).unwrap(),
        )
    }

    async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, text) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn register(&self, station: &Station, version: u8) {
        let creditor = json!({
            "legal_name": "Comune di Roccaverde",
            "broker_tax_code": TOWN,
            "ibans": ["IT60X0542811101000000123456"],
            "stations": [{"station_id": format!("{TOWN}_01"), "segregation_code": "01", "url": station.url, "version": version}],
            "services": [{"subject": "00001", "service": "00042"}],
        });
        self.ok("PUT", &format!("/control/creditors/{TOWN}"), creditor)
            .await;
    }

    async fn pay(&self, notice_number: &str, scenario: &str) -> Value {
        let body = json!({"creditor": TOWN, "notice_number": notice_number, "scenario": scenario});
        self.ok("POST", "/control/payments", body).await
    }
}

const NOTICE: &str = "301000000000000158";

fn outcomes(story: &Value) -> Vec<String> {
    let show = |step: &Value| {
        let code = step["fault"]["original_code"]
            .as_str()
            .or(step["fault"]["code"].as_str());
        format!(
            "{} {}",
            step["step"].as_str().unwrap(),
            code.unwrap_or(step["outcome"].as_str().unwrap())
        )
    };
    story["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(show)
        .collect()
}
