use super::*;
use crate::messages::tests::V2;

#[test]
fn the_node_refuses_answers_that_break_its_rules() {
    for (wrong, from, to) in [
        ("sum", "<transferAmount>5.00<", "<transferAmount>5.01<"),
        (
            "decimals",
            "<paymentAmount>105.00<",
            "<paymentAmount>105.0<",
        ),
        ("date", "2026-04-30", "30/04/2026"),
        ("no date", "<dueDate>2026-04-30</dueDate>", ""),
        ("number", "<idTransfer>2<", "<idTransfer>1<"),
        ("number", "<idTransfer>2<", "<idTransfer>6<"),
        (
            "org",
            "<fiscalCodePA>80009990012<",
            "<fiscalCodePA>8000999001<",
        ),
        (
            "type",
            "<entityUniqueIdentifierType>F<",
            "<entityUniqueIdentifierType>X<",
        ),
        ("empty", "<city>Roccaverde</city>", "<city/>"),
        ("outcome", "<outcome>OK<", "<outcome>KKL<"),
        ("KO without fault", "<outcome>OK<", "<outcome>KO<"),
        (
            "category",
            "<transferCategory>9/0201102IM/</transferCategory>",
            "",
        ),
    ] {
        let answer = read_activation(&V2.replace(from, to), 2);
        assert!(
            matches!(answer, Err(CallError::Malformed(_))),
            "{wrong}: {answer:?}"
        );
    }
    assert!(read_activation(V2, 1).is_err());
}

#[test]
fn a_verification_needs_all_its_parts() {
    let ok = r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><paVerifyPaymentNoticeRes xmlns="http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd"><outcome xmlns="">OK</outcome><paymentList xmlns=""><paymentOptionDescription><amount>12.34</amount><options>EQ</options><dueDate>2026-04-30</dueDate><allCCP>false</allCCP></paymentOptionDescription></paymentList><paymentDescription xmlns="">Mensa</paymentDescription><fiscalCodePA xmlns="">80001230456</fiscalCodePA><companyName xmlns="">Comune</companyName></paVerifyPaymentNoticeRes></e:Body></e:Envelope>"#;
    let verified = Verified {
        more: Shown {
            due: "2026-04-30".into(),
            company: "Comune".into(),
            ..Shown::default()
        },
        stand_in: false,
        cents: 1234,
        description: "Mensa".into(),
    };
    assert_eq!(read_verified(ok), Ok(verified));
    for missing in [
        "<allCCP>false</allCCP>",
        "<options>EQ</options>",
        r#"<companyName xmlns="">Comune</companyName>"#,
    ] {
        assert!(
            read_verified(&ok.replace(missing, "")).is_err(),
            "{missing}"
        );
    }
    let ko = ok.replace(">OK<", ">KO<").replace(
        "<paymentList",
        r#"<fault xmlns=""><faultCode>PAA_PAGAMENTO_DUPLICATO</faultCode><faultString>concluso</faultString><id>80001230456</id></fault><paymentList"#,
    );
    assert!(
        matches!(read_verified(&ko), Err(CallError::Refused { code, .. }) if code == "PAA_PAGAMENTO_DUPLICATO")
    );
}
