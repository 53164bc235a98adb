use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::{App, HttpResponse, HttpServer, web};

use super::*;

/// A server that answers from a function of the number of the call; its base address.
fn serve(answer: fn(usize) -> HttpResponse) -> (String, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let server = HttpServer::new(move || {
        let counted = Arc::clone(&counted);
        App::new().default_service(web::to(move || {
            let call = counted.fetch_add(1, Ordering::SeqCst);
            async move { answer(call) }
        }))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    (format!("http://{address}/"), calls)
}

fn client(url: &str) -> RestFlows {
    let source = Service { url, key: None };
    RestFlows::new(
        source,
        Ids::counted(),
        Retries {
            attempts: 3,
            wait_millis: 0,
        },
    )
    .unwrap()
}

async fn list(client: &RestFlows) -> Result<Page<FlowSummary>, Error> {
    let at = PageAt { page: 1, size: 10 };
    client
        .flows("99999000203", &FlowsQuery::default(), at)
        .await
}

const EMPTY: &str =
    r#"{"metadata":{"pageSize":10,"pageNumber":1,"totPage":1},"count":0,"data":[]}"#;

#[actix_web::test]
async fn what_may_pass_later_is_tried_again() {
    let (url, calls) = serve(|call| match call {
        0 => HttpResponse::ServiceUnavailable().finish(),
        1 => HttpResponse::TooManyRequests().finish(),
        _ => HttpResponse::Ok().body(EMPTY),
    });
    assert!(list(&client(&url)).await.unwrap().rows.is_empty());
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[actix_web::test]
async fn what_will_not_pass_is_told_at_once_with_its_code() {
    let (url, calls) = serve(|_| {
        HttpResponse::NotFound().body(r#"{"httpStatusCode":404,"appErrorCode":"FDR-3001"}"#)
    });
    let error = list(&client(&url)).await.unwrap_err();
    assert!(
        matches!(&error, Error::Refused { status: 404, code } if code == "FDR-3001"),
        "{error}"
    );
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn attempts_end_and_answers_are_bounded() {
    let (url, calls) = serve(|_| HttpResponse::BadGateway().finish());
    assert!(list(&client(&url)).await.unwrap_err().retryable());
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    let (url, _) = serve(|_| HttpResponse::Ok().body(vec![b' '; ANSWER_BYTES_MAX + 1]));
    let error = list(&client(&url)).await.unwrap_err();
    assert!(
        matches!(error, Error::Unreadable(wire::Error::TooLarge)),
        "{error}"
    );
}

#[test]
fn waits_double_and_carry_a_little_chance() {
    let source = Service {
        url: "http://127.0.0.1:1",
        key: None,
    };
    let retries = Retries {
        attempts: 4,
        wait_millis: 100,
    };
    let client = RestFlows::new(source, Ids::counted(), retries).unwrap();
    for (attempt, base) in [(1, 100), (2, 200), (3, 400)] {
        let wait = client.calls.wait(attempt).as_millis();
        assert!((base..=base * 3 / 2).contains(&wait), "{attempt}: {wait}");
    }
}
