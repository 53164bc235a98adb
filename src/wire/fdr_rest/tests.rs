use super::*;

const LIST: &str = r#"{"metadata":{"pageSize":25,"pageNumber":1,"totPage":3},"count":100,"news":[],
  "data":[{"fdr":"2026-03-0288888888888-0000001","pspId":"88888888888","revision":2,
           "published":"2026-03-03T01:02:03.456789Z","flowDate":"2026-03-02T22:00:00+01:00"},
          {"fdr":"2026-03-03BPPIITRRXXX-1","pspId":"BPPIITRRXXX","revision":1}]}"#;

const FLOW: &str = r#"{"status":"PUBLISHED","revision":4,"created":"2026-03-02T10:00:00Z",
  "updated":"2026-03-02T10:00:00Z","fdr":"2026-03-0288888888888-0000001",
  "fdrDate":"2026-03-02T10:00:00Z","regulation":"SEPA - Bonifico X",
  "regulationDate":"2026-03-02","bicCodePouringBank":"UNCRITMMXXX",
  "sender":{"type":"LEGAL_PERSON","id":"SELBIT2B","pspId":"60000000001","pspName":"PSP",
            "pspBrokerId":"70000000001","channelId":"80000000001","password":"password"},
  "receiver":{"id":"APPBIT2B","organizationId":"20000000001","organizationName":"Comune"},
  "published":"2026-03-03T01:02:03Z","computedTotPayments":100,"computedSumPayments":100.9,
  "totPayments":100,"sumPayments":90071992547409.93}"#;

/// The only payment of a page, or why it cannot be read.
fn only(body: &str) -> Result<FlowPayment, Error> {
    let mut rows = payments(body.as_bytes()).unwrap().rows;
    assert_eq!(rows.len(), 1);
    rows.remove(0).map_err(|unread| unread.error)
}

fn payment(pay: &str) -> String {
    format!(
        r#"{{"metadata":{{"totPage":1}},"count":1,"data":[{{"index":1,"iuv":"01000000000123468",
        "iur":"c110729d","idTransfer":1,"pay":{pay},"payStatus":"NO_RPT",
        "payDate":"2026-03-02T23:30:00Z"}}]}}"#
    )
}

#[test]
fn paths_are_encoded() {
    let at = |text: &str| text.parse::<DateTime<Utc>>().ok();
    let query = FlowsQuery {
        psp_id: Some("A B/C".to_owned()),
        published_gt: at("2026-03-02T10:00:00.5Z"),
        flow_date: at("2026-02-01T00:00:00Z"),
    };
    assert_eq!(
        flows_path(
            "77777777777",
            &query,
            PageAt {
                page: 2,
                size: 1_000
            }
        ),
        "/organizations/77777777777/fdrs?pspId=A%20B%2FC&publishedGt=2026-03-02T10%3A00%3A00.500Z\
         &flowDate=2026-02-01T00%3A00%3A00Z&page=2&size=1000"
    );
    let key = FlowKey {
        organization_id: "77777777777".to_owned(),
        flow_id: "2026-03-02X_1-è".to_owned(),
        revision: 3,
        psp_id: "60000000001".to_owned(),
    };
    assert_eq!(
        payments_path(&key, PageAt { page: 1, size: 500 }),
        "/organizations/77777777777/fdrs/2026-03-02X_1-%C3%A8/revisions/3/psps/60000000001\
         /payments?page=1&size=500"
    );
}

#[test]
fn a_list_of_flows_is_read() {
    let page = flows(LIST.as_bytes()).unwrap();
    assert_eq!((page.pages, page.count, page.rows.len()), (3, Some(100), 2));
    let rows: Vec<FlowSummary> = page.rows.into_iter().map(Result::unwrap).collect();
    assert_eq!(rows[0].flow_id, "2026-03-0288888888888-0000001");
    assert_eq!(
        rows[0].published_at.unwrap().to_rfc3339(),
        "2026-03-03T01:02:03.456789+00:00"
    );
    assert_eq!(
        rows[0].flow_at.unwrap().to_rfc3339(),
        "2026-03-02T21:00:00+00:00"
    );
    assert_eq!(rows[1].published_at, None);
    assert_eq!(
        flows(br#"{"data":[]}"#).unwrap(),
        Page {
            rows: vec![],
            pages: 1,
            count: None
        }
    );
}

#[test]
fn the_head_of_a_flow_is_read_without_floats() {
    let flow = flow(FLOW.as_bytes()).unwrap();
    // A double would read .94 here.
    assert_eq!(flow.payments_cents, 9_007_199_254_740_993);
    assert_eq!(
        (flow.payments_count, flow.computed_cents),
        (100, Some(10_090))
    );
    assert_eq!(flow.regulation_on.to_string(), "2026-03-02");
    assert_eq!(flow.sender.psp_id, "60000000001");
    assert_eq!(flow.receiver.organization_id, "20000000001");
}

#[test]
fn payments_are_read() {
    let paid = only(&payment("120.5")).unwrap();
    assert_eq!(paid.pay_cents, 12_050);
    assert_eq!(paid.status, PayStatus::NoRpt);
    assert_eq!(paid.paid_at.to_rfc3339(), "2026-03-02T23:30:00+00:00");
    let loose = payment("1")
        .replace("T23:30:00Z", "")
        .replace("\"idTransfer\":1,", "");
    let paid = only(&loose.replace("NO_RPT", "SOMETHING_NEW")).unwrap();
    assert_eq!(paid.paid_at.to_rfc3339(), "2026-03-02T00:00:00+00:00");
    assert_eq!(paid.id_transfer, 1);
    assert_eq!(paid.status, PayStatus::Other("SOMETHING_NEW".to_owned()));
}

#[test]
fn a_row_that_cannot_be_read_takes_nothing_from_the_others() {
    let good = r#"{"index":1,"iuv":"01000000000123468","iur":"a","pay":1,"payStatus":"EXECUTED","payDate":"2026-03-02"}"#;
    for (broken, told) in [
        (
            good.replace("01000000000123468", &"9".repeat(36)),
            "data[1].iuv: must be 1 to 35 printable characters without blanks",
        ),
        (
            good.replace("01000000000123468", "0100\\u0000"),
            "data[1].iuv: must be 1 to 35 printable characters without blanks",
        ),
        (
            good.replace("\"a\"", &format!("\"{}\"", "a".repeat(36))),
            "data[1].iur: must be 1 to 35 characters, none of them a control character",
        ),
        (good.replace("\"iuv\":", "\"vui\":"), "missing field `iuv`"),
        (
            good.replace("\"index\":1", "\"index\":\"one\""),
            "invalid type",
        ),
        (
            good.replace("\"pay\":1", "\"pay\":\"1,00\""),
            "data[1].pay: must be an amount",
        ),
        ("\"a row\"".to_owned(), "invalid type"),
        ("null".to_owned(), "invalid type"),
    ] {
        let body = format!("{{\"data\":[{good},{broken},{good}]}}");
        let rows = payments(body.as_bytes()).unwrap().rows;
        assert_eq!(rows.iter().filter(|row| row.is_ok()).count(), 2, "{broken}");
        let unread = rows[1].as_ref().unwrap_err();
        assert!(unread.error.to_string().contains(told), "{}", unread.error);
        assert!(unread.error.italian().len() > 20);
        assert_eq!(unread.text, broken);
    }
}

#[test]
fn amounts_are_cents_of_the_text() {
    for (text, cents) in [
        ("12", 1_200),
        ("12.3", 1_230),
        ("12.30", 1_230),
        ("12.3000", 1_230),
        ("0.01", 1),
        ("0", 0),
        ("-5.00", -500),
        ("1e2", 10_000),
        ("1.5E1", 1_500),
        ("1E+1", 1_000),
        ("1230e-2", 1_230),
        ("0e99", 0),
    ] {
        assert_eq!(only(&payment(text)).unwrap().pay_cents, cents, "{text}");
    }
    for text in [
        "1e99",
        "1e-3",
        "1.5e-2",
        "0.001",
        "12.345",
        "\"12.30\"",
        "null",
        "[1]",
        "99999999999999999999",
    ] {
        let error = only(&payment(text)).unwrap_err();
        assert!(
            matches!(&error, Error::Value { path, .. } if path == "data[0].pay"),
            "{error}"
        );
    }
}

#[test]
fn errors_name_the_member() {
    let list = LIST.replacen("\"revision\":2", "\"revision\":0", 1);
    let rows = flows(list.as_bytes()).unwrap().rows;
    assert_eq!(
        rows[0].as_ref().unwrap_err().error.to_string(),
        "data[0].revision: must be a number from 1"
    );
    assert!(rows[1].is_ok());
    let error = flow(
        FLOW.replace("2026-03-02\",\"bic", "02/03/2026\",\"bic")
            .as_bytes(),
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "regulationDate: must be a date as 2026-12-31"
    );
    let error = flow(FLOW.replace("\"sender\"", "\"sendr\"").as_bytes()).unwrap_err();
    assert!(
        error.to_string().contains("missing field `sender`"),
        "{error}"
    );
    let error = only(&payment("1").replace("\"idTransfer\":1", "\"idTransfer\":6"));
    assert_eq!(
        error.unwrap_err().to_string(),
        "data[0].idTransfer: must be a number from 1 to 5"
    );
    assert!(matches!(
        flows(b"<html>"),
        Err(Error::Shape { line: 1, .. })
    ));
    assert!(matches!(
        flows(b"{\"data\":[\xff]}"),
        Err(Error::Shape { .. })
    ));
    assert_eq!(
        flows(&vec![b' '; ANSWER_BYTES_MAX + 1]),
        Err(Error::TooLarge)
    );
    assert!(flows("[".repeat(100_000).as_bytes()).is_err());
}

#[test]
fn the_error_body_is_read_when_it_is_one() {
    let body = br#"{"errorId":"5","httpStatusCode":404,"httpStatusDescription":"Not Found",
        "appErrorCode":"FDR-3001","errors":[{"path":"fdr","message":"..."}]}"#;
    assert_eq!(error(body).unwrap().app_error_code, "FDR-3001");
    assert_eq!(error(b"<html>Bad gateway</html>"), None);
}

proptest::proptest! {
    #[test]
    fn cents_print_and_parse_back(cents in proptest::num::i64::ANY) {
        let sign = if cents < 0 { "-" } else { "" };
        let abs = cents.unsigned_abs();
        let text = format!("{sign}{}.{:02}", abs / 100, abs % 100);
        let expected = (cents != i64::MIN).then_some(cents);
        proptest::prop_assert_eq!(cents_of_text(&text), expected);
    }

    #[test]
    fn no_text_panics(text in "[-0-9.eE+é\"]{0,24}") {
        let _ = cents_of_text(&text);
        let _ = payments(payment(&text).as_bytes());
    }
}
