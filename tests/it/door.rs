//! The SOAP door under bad input: a precise answer, and nothing changed.

use crate::given::{self, single};
use crate::soap::{Message, NAMESPACE, check_text, send};

both_databases! {
    async fn unreadable_messages_get_a_soap_fault_that_names_the_rule(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        let good = Message::verify(&number).text();
        let mut not_utf8 = good.clone().into_bytes();
        let at = good.find(&number).unwrap();
        not_utf8[at] = 0xff;
        let entity = "<!DOCTYPE e [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
        let cases: Vec<(&str, Vec<u8>)> = vec![
            ("nothing", Vec::new()),
            ("no XML", b"hello".to_vec()),
            ("JSON", b"{\"noticeNumber\": 1}".to_vec()),
            ("cut off", good.as_bytes()[..good.len() / 2].to_vec()),
            ("tags crossed", good.replace("</qrCode>", "</qrcode>").into_bytes()),
            ("document type", good.replacen("?>", &format!("?>{entity}"), 1).into_bytes()),
            ("unknown entity", good.replace(&number, "&x;").into_bytes()),
            ("processing instruction", good.replacen("?>", "?><?go now?>", 1).into_bytes()),
            ("two documents", format!("{good}{}", good.split_once("?>").unwrap().1).into_bytes()),
            ("invalid UTF-8", not_utf8),
            ("other encoding", good.replace("UTF-8", "ISO-8859-1").into_bytes()),
            ("SOAP 1.2", good
                .replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
                .into_bytes()),
            ("no envelope", good.replace("Envelope", "Envelop").into_bytes()),
            ("empty body", envelope("").into_bytes()),
            ("unknown operation", envelope(&format!("<a:paSendMoneyReq xmlns:a='{NAMESPACE}'/>")).into_bytes()),
            ("wrong namespace", good.replace(NAMESPACE, "http://example.org/paForNode").into_bytes()),
            ("prefix without namespace", good.replace("xmlns:pafn", "xmlns:other").into_bytes()),
            ("too deep", envelope(&"<a>".repeat(100)).into_bytes()),
            ("a field of a megabyte", good.replace(&number, &"3".repeat(1_000_000)).into_bytes()),
            ("a message of two megabytes", good.replace(&number, &"3".repeat(2_000_000)).into_bytes()),
        ];
        let before = app.dump();
        let mut answers = String::new();
        for (name, body) in cases {
            let answer = send(&app, body).await;
            assert_eq!(answer.status.as_u16(), 500, "{name}: {}", answer.pretty());
            answers.push_str(&format!(
                "{name}: {} - {}\n",
                answer.value("faultcode"),
                answer.value("faultstring")
            ));
        }
        check_text("unreadable", &answers);
        assert_eq!(app.dump(), before);
    }

    async fn messages_that_break_the_schema_name_the_element(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        let payment = given::activated(&app, &number).await;
        let receipt = Message::send_rt("paSendRTV2", &number, "token-1", &payment);
        let six = |parts: &mut Vec<crate::soap::Transfer>| {
            *parts = (1..=6)
                .map(|id| crate::soap::Transfer { id: id.to_string(), ..parts[0].clone() })
                .collect();
        };
        let first = |change: fn(&mut crate::soap::Transfer)| {
            move |parts: &mut Vec<crate::soap::Transfer>| change(&mut parts[0])
        };
        let cases: Vec<(&str, Message)> = vec![
            ("short number", Message::verify("3010000000000001")),
            ("letters in the number", Message::verify("30100000000000000A")),
            ("short tax code", Message::verify(&number).with("fiscal_code", "9999900020")),
            ("no number", Message::new("paVerifyPaymentNotice")),
            ("amount with one decimal", receipt.clone().with("amount", "17.0")),
            ("amount with a comma", receipt.clone().with("amount", "17,08")),
            ("negative amount", receipt.clone().with("amount", "-17.08")),
            ("impossible day", receipt.clone().with("application_date", "2026-02-30")),
            ("unknown outcome", receipt.clone().with("outcome", "MAYBE")),
            ("no receipt id", receipt.clone().without("receipt_id")),
            ("six transfers", receipt.clone().with_transfers(six)),
            ("no transfer", receipt.clone().with_transfers(Vec::clear)),
            ("transfer six", receipt.clone().with_transfers(first(|part| part.id = "6".into()))),
            ("part with one decimal", receipt.clone().with_transfers(first(|part| part.amount = "17.1".into()))),
            ("long name", receipt.clone().with("debtor_name", &"x".repeat(71))),
        ];
        let before = app.dump();
        let mut answers = String::new();
        for (name, message) in cases {
            let answer = message.send(&app).await;
            assert_eq!(answer.outcome(), "PAA_SINTASSI_XSD", "{name}: {}", answer.pretty());
            answers.push_str(&format!("{name}: {}\n", answer.value("description")));
        }
        check_text("schema_faults", &answers);
        assert_eq!(app.dump(), before);
    }

    async fn what_senders_may_vary_is_the_same_message(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        let good = Message::verify(&number).text();
        let expected = send(&app, good.clone()).await;
        let variants = [
            format!("\u{feff}{good}"),
            good.split_once("?>").unwrap().1.trim().to_owned(),
            good.replace("soapenv", "s").replace("pafn", "n0"),
            good.replace("<qrCode>", "<!-- a comment --><qrCode>"),
            good.replace(&number, &format!("<![CDATA[{number}]]>")),
            good.replace('\n', "\r\n"),
        ];
        for variant in variants {
            assert_eq!(send(&app, variant.clone()).await, expected, "{variant}");
        }
    }
}

fn envelope(content: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>{content}</s:Body></s:Envelope>"
    )
}
