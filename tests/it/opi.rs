//! What is written for the treasurer's systems, against the rules of flows of orders: run by `make conformance`.
//!
//! `fixtures/opi/reversali.xsd` states the rules; the official schema is asked too when `OPI_SCHEMAS` names its
//! folder.

use crate::accounting::{credit, journal, plans, reported, tari_plan};
use crate::database::variable;
use crate::rest::Caller;
use crate::xsd::Schemas;

/// The official schema, which demands a signature.
const OFFICIAL: &str = "OPI_FLUSSO_ORDINATIVI_V_1_7_1.xsd";
/// A signature of the right shape that signs nothing.
const SIGNATURE: &str = "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo>\
    <CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
    <SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/><Reference URI=\"\">\
    <DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue>AA==</DigestValue>\
    </Reference></SignedInfo><SignatureValue>AA==</SignatureValue></Signature></flusso_ordinativi>";

fn faults(xml: &str) -> Vec<String> {
    let mut faults = Schemas::at("fixtures/opi").validate("reversali.xsd", xml);
    if let Some(folder) = variable("OPI_SCHEMAS") {
        let signed = xml.replace("</flusso_ordinativi>", SIGNATURE);
        faults.extend(Schemas::at(&folder).validate(OFFICIAL, &signed));
    }
    faults
}

async fn exported(office: &Caller) -> String {
    let path = "/collection-orders?from_date=2026-01-01&to_date=2026-12-31&order_date=2026-04-30";
    let file = office.get(path).send().await;
    assert_eq!(file.status.as_u16(), 200, "{}", file.complaint());
    assert_eq!(file.header("collection-orders"), "3");
    String::from_utf8(file.body).unwrap()
}

both_databases! {
    async fn conformance_of_orders(app: TestApp) {
        let office = app.office().await;
        let total = reported(&app).await;
        office.put(&plans("TARI"), &tari_plan()).send().await.expect(201);
        // The flow was credited in two parts, by a payer with a long name and marks of XML in it.
        let long = format!("<cliente><anagrafica_cliente>PSP &amp; {} </anagrafica_cliente></cliente>", "figli ".repeat(40));
        let second = credit(42, 346, total - 1000).replace("<causale>", &format!("{long}<causale>"));
        journal(&office, "journal-1", &[credit(41, 345, 1000), second]).await;
        let xml = exported(&office).await;
        assert_eq!(faults(&xml), Vec::<String>::new(), "{xml}");

        // What is asked can say no: each of these is a fault that an earlier version of the file had.
        for (wrong, right) in [
            ("<testata_flusso>", "<testata>"),
            ("<tipo_debito_siope_nc>NON_COMMERCIALE</tipo_debito_siope_nc>\n", ""),
            ("<anno_residuo>2025</anno_residuo>", "<anno_residuo>25</anno_residuo>"),
            ("<numero_reversale>2</numero_reversale>", "<numero_reversale>1</numero_reversale>"),
        ] {
            assert!(xml.contains(wrong), "{wrong}");
            assert!(!faults(&xml.replacen(wrong, right, 1)).is_empty(), "{right}");
        }
    }
}
