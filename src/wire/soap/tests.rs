use super::*;

const OPEN: &str = r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>"#;
const CLOSE: &str = "</s:Body></s:Envelope>";

fn enveloped(content: &str) -> String {
    format!("{OPEN}{content}{CLOSE}")
}

fn why(message: impl AsRef<[u8]>) -> Why {
    read(message.as_ref()).unwrap_err().why
}

#[test]
fn the_one_element_of_the_body_is_returned_with_its_namespace() {
    let root = read(enveloped(r#"<a:x xmlns:a="urn:a"><y> 1 </y><y/></a:x>"#).as_bytes()).unwrap();
    assert_eq!(
        (root.namespace.as_str(), root.name.as_str()),
        ("urn:a", "x")
    );
    assert_eq!(root.offset, u64::try_from(OPEN.len()).unwrap());
    let texts: Vec<_> = root
        .children
        .iter()
        .map(|child| child.text.as_str())
        .collect();
    assert_eq!(texts, [" 1 ", ""]);
    assert!(root.children.iter().all(|child| child.namespace.is_empty()));
}

#[test]
fn what_senders_vary_is_tolerated() {
    let plain = read(enveloped(r#"<x xmlns="urn:a"><y xmlns="">1&lt;2</y></x>"#).as_bytes());
    let plain = plain.unwrap();
    for message in [
        format!(
            "\u{feff}{}",
            enveloped(r#"<x xmlns="urn:a"><y xmlns="">1&lt;2</y></x>"#)
        ),
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n<!-- hello -->\n{}\n<!-- bye -->\n",
            enveloped("<p:x xmlns:p='urn:a' xmlns:unused='urn:b'>\n <y>1&#60;2</y>\r\n</p:x>")
        ),
        enveloped(r#"<x xmlns="urn:a"><y xmlns=""><![CDATA[1<2]]></y></x>"#),
        enveloped(r#"<x xmlns="urn:a"><y xmlns="">1<!-- c -->&#x3C;<![CDATA[2]]></y></x>"#),
        format!(
            "<Envelope xmlns=\"{ENVELOPE_NAMESPACE}\"><Header><a><b/></a></Header>\
             <Body><x xmlns=\"urn:a\"><y xmlns=\"\" id='1'>1&lt;2</y></x></Body></Envelope>"
        ),
    ] {
        let root = read(message.as_bytes()).unwrap();
        assert_eq!(root.namespace, plain.namespace, "{message}");
        assert_eq!(root.name, plain.name);
        assert_eq!(root.text, "");
        assert_eq!(root.children.len(), 1);
        assert_eq!(root.children[0].text, "1<2");
        assert_eq!(root.children[0].namespace, "");
    }
}

#[test]
fn document_types_and_entities_are_refused() {
    let laughs = format!(
        "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;&lol;\">\
         <!ENTITY lol3 \"&lol2;&lol2;&lol2;&lol2;\">]>{}",
        enveloped("<x>&lol3;</x>")
    );
    assert_eq!(why(laughs), Why::DocumentType);
    assert_eq!(
        why("<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><x/>"),
        Why::DocumentType
    );
    assert_eq!(why(enveloped("<x>&lol3;</x>")), Why::Entity);
    assert_eq!(why(enveloped("<x a='&lol;'/>")), Why::Entity);
    assert_eq!(why(enveloped("<x>&#xZZ;</x>")), Why::Entity);
    assert_eq!(why(enveloped("<x>&#0;</x>")), Why::Entity);
    assert_eq!(why(enveloped("<x>&#8;</x>")), Why::IllegalCharacter);
    assert_eq!(why(enveloped("<x>a&b</x>")), Why::Tags);
}

#[test]
fn processing_instructions_other_than_the_declaration_are_refused() {
    assert_eq!(
        why(format!("<?php 1 ?>{}", enveloped("<x/>"))),
        Why::ProcessingInstruction
    );
    assert_eq!(why(enveloped("<x><?a b?></x>")), Why::ProcessingInstruction);
    assert_eq!(
        why(enveloped("<x><?xml version='1.0'?></x>")),
        Why::Declaration
    );
    assert_eq!(
        why(format!(" <?xml version='1.0'?>{}", enveloped("<x/>"))),
        Why::Declaration
    );
    assert_eq!(
        why(format!("<?xml version='1.1'?>{}", enveloped("<x/>"))),
        Why::Declaration
    );
}

#[test]
fn only_utf8_is_read() {
    let latin = format!(
        "<?xml version='1.0' encoding='ISO-8859-1'?>{}",
        enveloped("<x/>")
    );
    assert_eq!(why(latin), Why::Encoding);
    let mut bytes = enveloped("<x>perche").into_bytes();
    bytes.truncate(OPEN.len() + "<x>perche".len());
    bytes.push(0xE9);
    bytes.extend_from_slice(b"</x></s:Body></s:Envelope>");
    let error = read(&bytes).unwrap_err();
    assert_eq!(error.why, Why::NotUtf8);
    assert_eq!(
        error.offset,
        u64::try_from(OPEN.len() + "<x>perche".len()).unwrap()
    );
    let utf16: Vec<u8> = "\u{feff}<x/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(why(utf16), Why::NotUtf8);
    assert_eq!(why(enveloped("<x>\u{1}</x>")), Why::IllegalCharacter);
}

#[test]
fn the_envelope_must_be_one_with_one_body_with_one_element() {
    assert_eq!(why("<x/>"), Why::NotAnEnvelope);
    let soap12 =
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>"#;
    let error = read(soap12.as_bytes()).unwrap_err();
    assert_eq!(error.why, Why::EnvelopeNamespace);
    assert_eq!(error.fault_code(), FaultCode::VersionMismatch);
    let none = format!("<s:Envelope xmlns:s=\"{ENVELOPE_NAMESPACE}\"><Body/></s:Envelope>");
    assert_eq!(why(none), Why::NoBody);
    assert_eq!(
        why(enveloped("<x/></s:Body><s:Body><x/>")),
        Why::SeveralBodies
    );
    assert_eq!(why(enveloped("")), Why::EmptyBody);
    assert_eq!(why(enveloped("<!-- nothing -->")), Why::EmptyBody);
    assert_eq!(why(enveloped("<x/><y/>")), Why::SeveralBodyChildren);
    assert_eq!(why(enveloped("text<x/>")), Why::TextOutsideElements);
}

#[test]
fn broken_markup_is_refused() {
    for (message, expected) in [
        ("", Why::DocumentElement),
        ("   ", Why::DocumentElement),
        ("hello", Why::TextOutsideElements),
        ("{\"json\":true}", Why::TextOutsideElements),
        ("<a", Why::Markup),
        ("<a><b></a>", Why::Tags),
        ("<a>", Why::Tags),
        ("</a>", Why::Tags),
        ("<a/><b/>", Why::DocumentElement),
        ("<a/>x", Why::TextOutsideElements),
        ("<a/>&amp;", Why::TextOutsideElements),
        ("<a b/>", Why::Attribute),
        ("<a b=1/>", Why::Attribute),
        ("<a b='1' b='2'/>", Why::Attribute),
        ("<p:a/>", Why::Prefix),
        ("<a xmlns:xmlns='urn:x'/>", Why::Prefix),
        ("<a><!-- </a>", Why::Markup),
        ("<a><![CDATA[ </a>", Why::Markup),
        ("< a/>", Why::Markup),
        ("<p:/>", Why::Markup),
        ("<1a/>", Why::Markup),
        ("<a=b/>", Why::Markup),
        ("<a:b:c/>", Why::Prefix),
    ] {
        assert_eq!(why(message), expected, "{message}");
    }
}

#[test]
fn limits_hold() {
    let fat = enveloped(&format!("<x>{}</x>", "a".repeat(BODY_BYTES_MAX)));
    assert_eq!(why(fat), Why::TooLarge);
    let long = enveloped(&format!("<x>{}</x>", "a".repeat(TEXT_BYTES_MAX + 1)));
    assert_eq!(why(long), Why::TextTooLong);
    let pieces = enveloped(&format!(
        "<x>{}</x>",
        "aaaaaaaaaa<!---->".repeat(TEXT_BYTES_MAX / 10 + 1)
    ));
    assert_eq!(why(pieces), Why::TextTooLong);
    let deep = enveloped(&format!("{}{}", "<x>".repeat(30), "</x>".repeat(30)));
    assert!(read(deep.as_bytes()).is_ok());
    let deeper = enveloped(&format!("{}{}", "<x>".repeat(31), "</x>".repeat(31)));
    assert_eq!(why(deeper), Why::TooDeep);
    assert_eq!(why("<x>".repeat(300_000)), Why::TooDeep);
    let wide = enveloped(&format!("<x>{}</x>", "<y/>".repeat(ELEMENTS_MAX)));
    assert_eq!(why(wide), Why::TooManyElements);
    let attributes: String = (0..60_000).map(|n| format!(" a{n}=''")).collect();
    assert_eq!(
        why(enveloped(&format!("<x{attributes}/>"))),
        Why::TooManyAttributes
    );
    let prefixes: String = (0..60).map(|n| format!(" xmlns:a{n}='u'")).collect();
    let nested = format!("<x{prefixes}><x{prefixes}><x{prefixes}/></x></x>");
    assert_eq!(why(enveloped(&nested)), Why::Prefix);
}

#[test]
fn errors_name_the_byte_also_after_a_byte_order_mark() {
    let error = read("\u{feff}<a><b></a>".as_bytes()).unwrap_err();
    assert_eq!(
        error,
        Unreadable {
            offset: 9,
            why: Why::Tags
        }
    );
    assert_eq!(error.to_string(), "tags do not match (byte 9)");
}

#[test]
fn a_fault_is_an_envelope_whose_text_is_escaped() {
    let fault = fault(FaultCode::Client, "broken <markup> & \"more\"\u{2}");
    let root = read(&fault).unwrap();
    assert_eq!(
        (root.namespace.as_str(), root.name.as_str()),
        (ENVELOPE_NAMESPACE, "Fault")
    );
    let children: Vec<_> = root
        .children
        .iter()
        .map(|c| (c.name.as_str(), c.text.as_str()))
        .collect();
    assert_eq!(
        children,
        [
            ("faultcode", "soapenv:Client"),
            ("faultstring", "broken <markup> & \"more\"")
        ]
    );
}

proptest::proptest! {
    #[test]
    fn reading_never_panics(message in "[<>/!?&;#xml:sEnvelopBdy='\"\\[\\]\u{0}é -]{0,80}") {
        let _ = read(message.as_bytes());
        let _ = read(enveloped(&message).as_bytes());
    }

    #[test]
    fn no_bytes_panic(message in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = read(&message);
    }
}
