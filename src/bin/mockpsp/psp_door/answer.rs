//! What a provider is answered, in the order of the schema.

use super::ask::Operation;
use crate::answers::Verified;
use crate::messages::metadata;
use crate::money::euro;
use crate::node::Fault;
use crate::payments::Notice;
use crate::soap::{Fill, fill};
use crate::state::{Payment, Transfer};

const ENVELOPE: &str = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:nfp=\"http://pagopa-api.pagopa.gov.it/node/nodeForPsp.xsd\">
  <soapenv:Body>
    <nfp:{{root}}>
{{content}}
    </nfp:{{root}}>
  </soapenv:Body>
</soapenv:Envelope>
";
const KO: &str = "\
<outcome>KO</outcome>
<fault>
<faultCode>{{code}}</faultCode>
<faultString>{{string}}</faultString>
<id>{{id}}</id>
<description>{{description}}</description>
<originalFaultCode>{{original_code}}</originalFaultCode>
<originalFaultString>{{original_string}}</originalFaultString>
<originalDescription>{{original_description}}</originalDescription>
</fault>
";
const VERIFIED: &str = "\
<outcome>OK</outcome>
<paymentList>
<paymentOptionDescription>
<amount>{{amount}}</amount>
<options>EQ</options>
<dueDate>{{due}}</dueDate>
</paymentOptionDescription>
</paymentList>
<paymentDescription>{{description}}</paymentDescription>
<fiscalCodePA>{{creditor}}</fiscalCodePA>
<companyName>{{company}}</companyName>
<officeName>{{office}}</officeName>
<standin>{{stand_in}}</standin>
";
const DEMANDED: &str = "\
<outcome>OK</outcome>
<qrCode>
<fiscalCode>{{creditor}}</fiscalCode>
<noticeNumber>{{number}}</noticeNumber>
</qrCode>
<paymentList>
<paymentOptionDescription>
<amount>{{amount}}</amount>
<options>EQ</options>
<dueDate>{{due}}</dueDate>
</paymentOptionDescription>
</paymentList>
<paymentDescription>{{description}}</paymentDescription>
<fiscalCodePA>{{creditor}}</fiscalCodePA>
<companyName>{{company}}</companyName>
<officeName>{{office}}</officeName>
";
const SLIP: &str = "\
<outcome>OK</outcome>
<paymentBollettinoList>
<paymentOptionDescription>
<amount>{{amount}}</amount>
<options>EQ</options>
<dueDate>{{due}}</dueDate>
<allCCP>{{all_postal}}</allCCP>
</paymentOptionDescription>
</paymentBollettinoList>
<paymentDescription>{{description}}</paymentDescription>
<fiscalCodePA>{{creditor}}</fiscalCodePA>
<noticeNumber>{{number}}</noticeNumber>
<companyName>{{company}}</companyName>
<officeName>{{office}}</officeName>
";
const ACTIVATED: &str = "\
<outcome>OK</outcome>
<totalAmount>{{amount}}</totalAmount>
<paymentDescription>{{description}}</paymentDescription>
<fiscalCodePA>{{creditor}}</fiscalCodePA>
<companyName>{{company}}</companyName>
<officeName>{{office}}</officeName>
<paymentToken>{{token}}</paymentToken>
<transferList>
{{transfers}}
</transferList>
{{metadata}}
<creditorReferenceId>{{iuv}}</creditorReferenceId>
<standin>{{stand_in}}</standin>
";
const TRANSFER: &str = "\
<transfer>
<idTransfer>{{n}}</idTransfer>
<transferAmount>{{amount}}</transferAmount>
<fiscalCodePA>{{org}}</fiscalCodePA>
<companyName>{{company}}</companyName>
<IBAN>{{iban}}</IBAN>
{{stamp}}
<remittanceInformation>{{remittance}}</remittanceInformation>
<transferCategory>{{category}}</transferCategory>
{{metadata}}
</transfer>
";
const STAMP: &str = "\
<richiestaMarcaDaBollo>
<hashDocumento>{{hash}}</hashDocumento>
<tipoBollo>01</tipoBollo>
<provinciaResidenza>{{province}}</provinciaResidenza>
</richiestaMarcaDaBollo>
";

fn enveloped(operation: Operation, content: &str) -> String {
    let values = [
        ("root", Fill::Text(operation.response())),
        ("content", Fill::Xml(content)),
    ];
    fill(ENVELOPE, &values)
}

/// A message that cannot be read at all.
pub(super) fn soap_fault(why: &str) -> String {
    let template = "\
<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><soapenv:Fault><faultcode>soapenv:Client</faultcode><faultstring>{{why}}</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>";
    fill(template, &[("why", Fill::Text(why))])
}

/// A fault: the creditor's comes with what the creditor said, under its tax code.
pub(super) fn refused(operation: Operation, fault: &Fault, creditor: &str) -> String {
    let id = match fault.original_code {
        Some(_) if !creditor.is_empty() => creditor,
        Some(_) | None => "NodoDeiPagamentiSPC",
    };
    let original = |text: &Option<String>| text.clone().unwrap_or_default();
    let (code, string, description) = (
        original(&fault.original_code),
        original(&fault.original_string),
        original(&fault.original_description),
    );
    let values = [
        ("code", Fill::Text(&fault.code)),
        ("string", Fill::Text(&fault.description)),
        ("id", Fill::Text(id)),
        ("description", Fill::Text(&fault.description)),
        ("original_code", Fill::Text(&code)),
        ("original_string", Fill::Text(&string)),
        ("original_description", Fill::Text(&description)),
    ];
    enveloped(operation, &fill(KO, &values))
}

pub(super) fn verified(notice: &Notice, shown: &Verified) -> String {
    shown_as(Operation::Verify, VERIFIED, (notice, shown))
}

pub(super) fn slip(notice: &Notice, shown: &Verified) -> String {
    shown_as(Operation::Slip, SLIP, (notice, shown))
}

pub(super) fn demanded(notice: &Notice, shown: &Verified) -> String {
    shown_as(Operation::Demand, DEMANDED, (notice, shown))
}

fn shown_as(operation: Operation, template: &str, (notice, shown): (&Notice, &Verified)) -> String {
    let amount = euro(shown.cents);
    let more = &shown.more;
    let values = [
        ("amount", Fill::Text(&amount)),
        ("due", Fill::Text(&more.due)),
        (
            "all_postal",
            Fill::Text(if more.all_postal { "true" } else { "false" }),
        ),
        ("description", Fill::Text(&shown.description)),
        ("creditor", Fill::Text(&notice.creditor)),
        ("number", Fill::Text(&notice.number)),
        ("company", Fill::Text(&more.company)),
        ("office", Fill::Text(&more.office)),
        (
            "stand_in",
            Fill::Text(if shown.stand_in { "true" } else { "" }),
        ),
    ];
    enveloped(operation, &fill(template, &values))
}

/// An outcome that was taken.
pub(super) fn acknowledged(operation: Operation) -> String {
    enveloped(operation, "<outcome>OK</outcome>\n")
}

pub(super) fn activated(operation: Operation, payment: &Payment) -> String {
    let activation = &payment.activation;
    let details = activation.details.as_deref();
    let text = |index: usize| {
        let texts = details.map(|details| details.payment.as_slice());
        texts
            .and_then(|texts| texts.get(index))
            .map_or("", String::as_str)
    };
    let new = operation == Operation::ActivateV2;
    let transfers: String = (0_usize..)
        .zip(&activation.transfers)
        .map(|(place, one)| transfer(payment, (place, one), operation))
        .collect();
    let entries = details
        .filter(|_| new)
        .map(|details| metadata(&details.metadata));
    let (amount, entries) = (euro(activation.cents), entries.unwrap_or_default());
    let stand_in = if activation.stand_in { "true" } else { "" };
    let values = [
        ("amount", Fill::Text(&amount)),
        ("description", Fill::Text(text(0))),
        ("creditor", Fill::Text(&activation.creditor)),
        ("company", Fill::Text(text(1))),
        ("office", Fill::Text(text(2))),
        ("token", Fill::Text(&activation.token)),
        ("transfers", Fill::Xml(&transfers)),
        ("metadata", Fill::Xml(&entries)),
        ("iuv", Fill::Text(&activation.iuv)),
        ("stand_in", Fill::Text(stand_in)),
    ];
    enveloped(operation, &fill(ACTIVATED, &values))
}

/// V1 has neither companies nor categories.
fn transfer(payment: &Payment, (place, one): (usize, &Transfer), operation: Operation) -> String {
    let details = payment.activation.details.as_deref();
    let texts = details.and_then(|details| details.transfers.get(place));
    let text = |index: usize| {
        texts
            .and_then(|texts| texts.get(index))
            .map_or("", String::as_str)
    };
    let of_new = |text| match operation {
        Operation::ActivateV2 => text,
        Operation::Verify
        | Operation::Slip
        | Operation::ActivateV1
        | Operation::OutcomeV1
        | Operation::OutcomeV2
        | Operation::Demand => "",
    };
    let entries = details.and_then(|details| details.transfer_metadata.get(place));
    let entries = entries.map(|entries| metadata(entries)).unwrap_or_default();
    let stamp = one.stamp.as_ref().map(|stamp| {
        let values = [
            ("hash", Fill::Text(&stamp.hash)),
            ("province", Fill::Text(&stamp.province)),
        ];
        fill(STAMP, &values)
    });
    let (n, amount, stamp) = (
        one.n.to_string(),
        euro(one.cents),
        stamp.unwrap_or_default(),
    );
    let values = [
        ("n", Fill::Text(&n)),
        ("amount", Fill::Text(&amount)),
        ("org", Fill::Text(&one.org)),
        ("company", Fill::Text(of_new(text(0)))),
        ("iban", Fill::Text(&one.iban)),
        ("stamp", Fill::Xml(&stamp)),
        ("remittance", Fill::Text(text(1))),
        ("category", Fill::Text(of_new(text(2)))),
        ("metadata", Fill::Xml(&entries)),
    ];
    fill(TRANSFER, &values)
}
