//! Numbers, envelopes, amounts, accounts and what is printed.

use std::collections::BTreeSet;

use avviso::domain::fiscal_code::FiscalCode;
use avviso::domain::iban::Iban;
use avviso::domain::money::Cents;
use avviso::domain::notice_number::NoticeNumber;
use avviso::domain::payload::{POSTAL_MAX, PayloadError, PostalSlip, postal_matrix_text};
use avviso::domain::text::Text;
use serde_json::{Value, json};

use super::{POSTAL, postal_account};
use crate::app::{TOWN, TestApp};
use crate::given::{self, instalment, single};
use crate::soap::{Answer, Message, NAMESPACE, send};

const OLD_NAMESPACE: &str = "http://pagopa-api.pagopa.gov.it/paForNode";

/// What an office sends to register lamps under numbers of its own.
fn lamps(numbers: &[&str]) -> Value {
    json!({
        "service_code": "LAMPADE",
        "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
        "details": {"generic": given::of_lamps(1)},
        "notice_numbers": numbers,
    })
}

/// Every answer that says something of a notice.
async fn answers(app: &TestApp, number: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    for asked in [
        Message::verify(number),
        Message::get_payment(number),
        Message::get_payment_v2(number),
    ] {
        answers.push(asked.send(app).await);
    }
    answers
}

/// Asserts that every element says something.
fn nothing_is_empty(answer: &Answer) {
    let text: String = answer.body.split_whitespace().collect();
    assert!(!text.contains("/>"), "{}", answer.pretty());
    for (at, _) in text.match_indices("></") {
        let opened = text.get(..at).unwrap().rsplit('<').next().unwrap();
        assert!(
            opened.starts_with('/'),
            "<{opened}> is empty: {}",
            answer.pretty()
        );
    }
}

/// Two decimals and a point, as the schema has it.
fn is_amount(text: &str) -> bool {
    let (euro, cents) = text.split_once('.').unwrap_or_default();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(euro) && digits(cents) && cents.len() == 2
}

both_databases! {
    async fn trap_01_check_digits_are_padded_and_cover_the_whole_number(app: TestApp) {
        let mut issued = BTreeSet::new();
        for quantity in 1..=40 {
            let number = single(&given::position(&app, given::lamps(quantity)).await);
            let (first, check) = number.split_at(16);
            let rest = first.parse::<u64>().unwrap() % 93;
            assert_eq!(check, format!("{rest:02}"), "{number}");
            assert_eq!((number.len(), number.get(..3)), (18, Some("301")));
            issued.insert(number);
        }
        assert_eq!(issued.len(), 40);
        // Numbers of an office's own: remainders of one digit, and the usual mistakes.
        let office = app.office().await;
        for good in ["301900000000001400", "301900000000001905", "301900000000001392", "301999999999999982"] {
            let registered = office.post("/debt-positions", &lamps(&[good])).send().await;
            registered.expect(201);
            assert_eq!(Message::verify(good).send(&app).await.outcome(), "OK");
        }
        for wrong in [
            "301900000000001401",  // one more
            "301900000000001495",  // computed without the first digit and the code
            "30190000000000145",   // not padded
            "3019000000000019055", // a counter that overflowed
            "101900000000001400",  // a form without check digits
        ] {
            let refused = office.post("/debt-positions", &lamps(&[wrong])).send().await;
            assert!(refused.status.is_client_error(), "{wrong}: {}", refused.status);
        }
    }

    async fn trap_02_siblings_activated_together_are_both_taken(app: TestApp) {
        let position = given::position(&app, given::tari()).await;
        let (whole, first, second) = (single(&position), instalment(&position, 1), instalment(&position, 2));
        let mut asked = Vec::new();
        for number in [&whole, &first, &second] {
            asked.push(given::activated(&app, number).await);
        }
        for (number, token, payment) in [
            (&first, "token-1", &asked[1]), (&whole, "token-2", &asked[0]), (&second, "token-3", &asked[2]),
        ] {
            let receipt = Message::send_rt("paSendRTV2", number, token, payment);
            assert_eq!(receipt.send(&app).await.outcome(), "OK", "{token}");
        }
        let anomalies = "SELECT receipt_id || ' ' || COALESCE(anomaly, '-') AS row FROM receipt ORDER BY receipt_id";
        assert_eq!(app.rows(anomalies), ["token-1 -", "token-2 paid_twice", "token-3 paid_twice"]);
        for number in [&whole, &instalment(&position, 3)] {
            assert_eq!(Message::verify(number).send(&app).await.outcome(), "PAA_PAGAMENTO_DUPLICATO");
        }
    }

    async fn trap_03_a_number_with_wrong_check_digits_is_looked_up_all_the_same(app: TestApp) {
        for number in [
            "301000000000004286", "301000000000012300", "001000000000000100", "112345678901234567",
            "212345678901234500", "412345678901234500", "999999999999999999", "000000000000000000",
        ] {
            for answer in answers(&app, number).await {
                assert_eq!(answer.outcome(), "PAA_PAGAMENTO_SCONOSCIUTO", "{number}: {}", answer.pretty());
            }
        }
        // Money collected under such a number is a fact.
        let paid = single(&given::position(&app, given::lamps(1)).await);
        let payment = given::activated(&app, &paid).await;
        let receipt = Message::send_rt("paSendRTV2", "301000000000004286", "token-1", &payment)
            .with("iuv", "01000000000004286");
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
    }

    async fn trap_04_names_count_and_prefixes_do_not(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        for namespace in [NAMESPACE, OLD_NAMESPACE] {
            let message = Message::verify(&number).with("namespace", namespace);
            let expected = message.send(&app).await;
            assert!(expected.body.contains(&format!("=\"{namespace}\"")), "{}", expected.pretty());
            let unqualified = expected.body.replace("<outcome>OK", "");
            assert!(expected.body.contains("<outcome>OK</outcome>") && unqualified.contains("<paymentList>"));
            let good = message.text();
            let root = "paVerifyPaymentNoticeReq";
            let inherited = good
                .replace(&format!("<pafn:{root}>"), &format!("<{root} xmlns=\"{namespace}\">"))
                .replace(&format!("</pafn:{root}>"), &format!("</{root}>"));
            let undeclared = inherited.replace("<idPA>", "<idPA xmlns=\"\">")
                .replace("<idBrokerPA>", "<idBrokerPA xmlns=\"\">")
                .replace("<idStation>", "<idStation xmlns=\"\">")
                .replace("<qrCode>", "<qrCode xmlns=\"\">");
            for variant in [
                inherited,
                undeclared,
                good.replace("pafn", "a.b-c"),
                good.replace("<soapenv:Body>", "<soapenv:Body xmlns:unused=\"urn:nothing\">"),
            ] {
                assert_eq!(send(&app, variant.clone()).await, expected, "{variant}");
            }
        }
    }

    async fn trap_05_what_is_not_known_is_left_out(app: TestApp) {
        let mut command = given::lamps(1);
        command.debtor.email = Some(Text::parse("mario rossi@example.it").unwrap());
        let bare = single(&given::position(&app, command).await);
        let tari = given::position(&app, given::tari()).await;
        let filing = single(&given::position(&app, given::filing()).await);
        for number in [&bare, &single(&tari), &instalment(&tari, 2), &filing] {
            for answer in answers(&app, number).await {
                nothing_is_empty(&answer);
            }
        }
        let payment = given::activated(&app, &bare).await;
        assert!(!payment.body.contains("e-mail"), "an address the schema would refuse is left out");
    }

    async fn trap_06_ko_says_why_and_ok_says_who(app: TestApp) {
        let position = given::position(&app, given::tari()).await;
        let open = single(&position);
        for answer in answers(&app, &open).await {
            assert_eq!(answer.value("companyName"), "Comune di Avezzano");
        }
        let verified = Message::verify(&open).send(&app).await;
        assert_eq!(verified.value("fiscalCodePA"), TOWN);
        assert_ne!(verified.value("paymentDescription"), "");
        assert_eq!(verified.all("paymentOptionDescription").len(), 1);
        let receipt = Message::send_rt("paSendRTV2", &open, "token-1", &given::activated(&app, &open).await);
        given::withdrawn(&app, &position).await;
        let mut refused = answers(&app, &open).await;
        refused.push(receipt.clone().with("outcome", "KO").send(&app).await);
        refused.push(receipt.without("receipt_id").send(&app).await);
        for answer in refused {
            assert_eq!((answer.status.as_u16(), answer.value("outcome")), (200, "KO".to_owned()));
            for element in ["faultCode", "faultString", "id", "description"] {
                assert_ne!(answer.value(element), "", "{}", answer.pretty());
            }
            assert!(answer.value("faultCode").starts_with("PAA_"));
        }
    }

    async fn trap_07_amounts_have_two_decimals_at_every_size(app: TestApp) {
        let office = app.office().await;
        for cents in [100, 101, 110, 1_000, 12_345, 99_999_999] {
            let body = json!({
                "service_code": "VARIE",
                "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
                "details": {"generic": {"amount_cents": cents}},
            });
            let position = office.post("/debt-positions", &body).send().await.expect(201);
            let number = position["payment_options"][0]["notices"][0]["notice_number"].as_str().unwrap();
            let expected = format!("{}.{:02}", cents / 100, cents % 100);
            assert_eq!(Message::verify(number).send(&app).await.value("amount"), expected);
            for payment in [Message::get_payment(number), Message::get_payment_v2(number)] {
                let payment = payment.send(&app).await;
                assert_eq!(payment.value("paymentAmount"), expected);
                assert_eq!(payment.all("transferAmount"), std::slice::from_ref(&expected));
            }
            // The same cents come back.
            given::paid(&app, number, &format!("token-{cents}")).await;
        }
        let sum = "SELECT CAST(SUM(amount_cents) AS TEXT) AS row FROM receipt";
        assert_eq!(app.rows(sum), [(100 + 101 + 110 + 1_000 + 12_345 + 99_999_999).to_string()]);
        let tari = given::position(&app, given::tari()).await;
        let payment = given::activated(&app, &instalment(&tari, 1)).await;
        let parts = payment.all("transferAmount");
        assert!(parts.iter().all(|part| is_amount(part)), "{parts:?}");
    }

    async fn trap_08_the_amount_that_the_caller_read_is_not_an_offer(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(2)).await);
        let plain = given::activated(&app, &number).await;
        assert_eq!(plain.value("paymentAmount"), "34.16");
        for amount in ["0.01", "34.15", "34.16", "999999999.99"] {
            let asked = Message::get_payment_v2(&number).with("amount", amount)
                .with("due_date", "2020-01-01")
                .with("payment_note", "qualcosa");
            assert_eq!(asked.send(&app).await, plain, "{amount}");
        }
    }

    async fn trap_09_an_activation_locks_nothing(app: TestApp) {
        let position = given::position(&app, given::tari()).await;
        let number = single(&position);
        let first = given::activated(&app, &number).await;
        for _ in 0..3 {
            assert_eq!(Message::verify(&number).send(&app).await.outcome(), "OK");
            assert_eq!(given::activated(&app, &number).await, first);
            assert_eq!(Message::get_payment(&number).send(&app).await.outcome(), "OK");
        }
        // The office goes on as well, and who had activated before pays all the same.
        given::withdrawn(&app, &position).await;
        let receipt = Message::send_rt("paSendRTV2", &number, "token-1", &first);
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
    }

    async fn trap_17_a_slip_is_credited_to_the_account_it_is_printed_with(app: TestApp) {
        let (lamps, tari) = (given::position(&app, given::lamps(1)).await, given::position(&app, given::tari()).await);
        let (lamps, tari) = (single(&lamps), single(&tari));
        let postal = |number: &str| Message::get_payment_v2(number).with("transfer_type", "POSTAL");
        let bank = "IT69F9999940440000000000202";
        // Without a postal account nobody can have printed a slip: any account will do.
        assert_eq!(postal(&lamps).send(&app).await.all("IBAN"), [bank]);
        assert_eq!(Message::verify(&lamps).send(&app).await.value("allCCP"), "false");
        postal_account(&app).await;
        assert_eq!(postal(&lamps).send(&app).await.all("IBAN"), [POSTAL]);
        let first_version = Message::get_payment(&lamps).with("transfer_type", "POSTAL");
        assert_eq!(first_version.send(&app).await.all("IBAN"), [POSTAL]);
        assert_eq!(Message::get_payment_v2(&lamps).send(&app).await.all("IBAN"), [bank]);
        assert_eq!(Message::verify(&lamps).send(&app).await.value("allCCP"), "true");
        // The province has no postal account here: its share stays where it is, and not all is postal.
        let payment = postal(&tari).send(&app).await;
        assert_eq!(payment.all("IBAN"), [POSTAL, "IT82C9999903600000000000401"]);
        assert_eq!(Message::verify(&tari).send(&app).await.value("allCCP"), "false");
        let receipt = Message::send_rt("paSendRTV2", &tari, "token-1", &payment);
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        // A way of paying that the schema does not know is no message.
        let other = Message::get_payment_v2(&lamps).with("transfer_type", "POSTA").send(&app).await;
        assert_eq!(other.outcome(), "PAA_SINTASSI_XSD");
    }

    async fn trap_18_the_supporting_account_is_one_entry_beside_a_bank_account(app: TestApp) {
        let lamps = single(&given::position(&app, given::lamps(1)).await);
        let tari = single(&given::position(&app, given::tari()).await);
        let filing = single(&given::position(&app, given::filing()).await);
        let platform = |number: &str| Message::get_payment_v2(number).with("transfer_type", "PAGOPA");
        assert!(!platform(&lamps).send(&app).await.body.contains("IBANAPPOGGIO"));
        postal_account(&app).await;
        let payment = platform(&lamps).send(&app).await;
        assert_eq!(payment.all("IBAN"), ["IT69F9999940440000000000202"]);
        assert_eq!((payment.all("key"), payment.all("value")), (vec!["IBANAPPOGGIO".to_owned()], vec![POSTAL.to_owned()]));
        assert!(!given::activated(&app, &lamps).await.body.contains("IBANAPPOGGIO"));
        // Beside what the law wants of the tax, once, on the town's own share only.
        for asked in [platform(&tari), Message::get_payment(&tari).with("transfer_type", "PAGOPA")] {
            let payment = asked.send(&app).await;
            let transfers = payment.all("transfer");
            assert_eq!(transfers[0].matches("IBANAPPOGGIO").count(), 1);
            assert_eq!(payment.body.matches("IBANAPPOGGIO").count(), 1);
            assert!(payment.all("mapEntry").len() <= 15 * transfers.len());
        }
        // A stamp has no account, so that none supports it.
        let payment = platform(&filing).send(&app).await;
        for stamp in payment.all("transfer").iter().filter(|part| part.contains("hashDocumento")) {
            assert!(!stamp.contains("IBANAPPOGGIO") && !stamp.contains("<IBAN>"), "{stamp}");
        }
    }

    async fn trap_19_a_stamp_is_asked_for_by_a_hash_encoded_once(app: TestApp) {
        let number = single(&given::position(&app, given::filing()).await);
        let payment = given::activated(&app, &number).await;
        let transfers = payment.all("transfer");
        for (transfer, hash) in transfers.iter().skip(1).zip([
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=",
        ]) {
            assert!(transfer.contains(&format!("<hashDocumento>{hash}</hashDocumento>")), "{transfer}");
            assert!(!transfer.contains("<IBAN>"), "the schema wants one of the two: {transfer}");
        }
        assert_eq!(transfers.len(), 3);
        // What was paid for stamps never comes in a flow: the town waits for its own money only.
        given::paid(&app, &number, "token-1").await;
        let office = app.office().await;
        let waiting = office.get("/reconciliations?code=paid_not_reported").send().await.expect(200);
        let amounts: Vec<&Value> = waiting["items"].as_array().unwrap().iter().map(|item| &item["amount_cents"]).collect();
        assert_eq!(amounts, [6_000]);
    }

    async fn trap_20_the_matrix_of_a_slip_has_256_characters_whatever_is_in_it(app: TestApp) {
        let office = app.office().await;
        let names = [
            "Zoë Strauß-D’Angelo Çınar",
            "Ñuñez/Köhler \"la 'bella'\" e altri ottanta caratteri che non stanno",
            "王小明",
            "X",
        ];
        for name in names {
            let body = json!({
                "service_code": "LAMPADE",
                "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": name},
                "description": "Lampade — perché così è più «bello», anzi bellissimo: un oggetto assai lungo, che non sta in centodieci caratteri del codice",
                "details": {"generic": given::of_lamps(1)},
            });
            let position = office.post("/debt-positions", &body).send().await.expect(201);
            let notice = &position["payment_options"][0]["notices"][0];
            let number = NoticeNumber::parse(notice["notice_number"].as_str().unwrap()).unwrap();
            let slip = PostalSlip {
                notice_number: &number,
                account: &Iban::parse(POSTAL).unwrap(),
                amount: Cents::new(1708).unwrap(),
                creditor: &app.town(),
                debtor_tax_code: "RSSMRA85T10A562S",
                debtor_name: name,
                subject: position["description"].as_str().unwrap(),
            };
            let text = postal_matrix_text(&slip).unwrap();
            let head = format!("codfase=NBPA;18{number}120000123456781000000017083896");
            let head = format!("{head}1P1{TOWN}RSSMRA85T10A562S");
            assert_eq!((text.chars().count(), text.len()), (256, 256), "{text}");
            assert!(text.starts_with(&head) && text.ends_with(&format!("{:12}A", "")), "{text}");
            assert_eq!(text.get(13..), Some(text.to_uppercase().get(13..).unwrap()));
            // Ten digits are less than the node allows: above them there is no slip.
            for (cents, fits) in [(POSTAL_MAX.get(), true), (POSTAL_MAX.get() + 1, false)] {
                let big = postal_matrix_text(&PostalSlip { amount: Cents::new(cents).unwrap(), ..slip });
                assert_eq!(big.is_ok(), fits);
                assert!(fits || big == Err(PayloadError::Amount));
            }
            let bank = Iban::parse("IT69F9999940440000000000202").unwrap();
            assert_eq!(postal_matrix_text(&PostalSlip { account: &bank, ..slip }), Err(PayloadError::NotPostal));
            // The page with the QR code is printed for any name.
            let path = format!("/creditors/{TOWN}/notices/{number}/pdf");
            let page = office.get(&path).header("accept", "application/pdf").send().await;
            assert!(page.status == 200 && page.body.starts_with(b"%PDF"), "{name}: {}", page.complaint());
        }
    }

    async fn trap_also_never_ending_debts_fall_due_on_a_plain_day(app: TestApp) {
        // A fine whose notification nobody knows yet has no term.
        let number = single(&given::position(&app, given::fine_to_notify()).await);
        for asked in [Message::get_payment(&number), Message::get_payment_v2(&number)] {
            let due = asked.send(&app).await.value("dueDate");
            assert_eq!(due.len(), 10, "{due}");
            due.parse::<avviso::domain::calendar::Day>().unwrap();
        }
    }

    async fn trap_also_a_nobody_is_anonymous_and_codes_have_2_to_16_characters(app: TestApp) {
        let mut command = given::lamps(1);
        command.debtor.tax_code = FiscalCode::parse("ANONIMO").unwrap();
        command.debtor.full_name = Text::parse("ANONIMO").unwrap();
        let number = single(&given::position(&app, command).await);
        let payment = given::activated(&app, &number).await;
        assert_eq!(payment.value("entityUniqueIdentifierType"), "F");
        assert_eq!(payment.value("entityUniqueIdentifierValue"), "ANONIMO");
        let receipt = Message::send_rt("paSendRTV2", &number, "token-1", &payment)
            .with("debtor_code", "FR-123456789X").with("debtor_name", "ANONIMO");
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        let long = Message::send_rt("paSendRTV2", &number, "token-2", &payment).with("debtor_code", "12345678901234567");
        assert_eq!(long.send(&app).await.outcome(), "PAA_SINTASSI_XSD");
    }
}
