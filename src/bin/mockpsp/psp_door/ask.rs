//! What a provider asks: read, checked against the schema's rules, told apart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::money::parse_euro;
use crate::node::Fault;
use crate::payments::Notice;
use crate::psps;
use crate::soap::{Element, NODE_FOR_PSP, read_request};

/// Longest life of a token, in milliseconds.
const LIFE_MAX: u32 = 1_800_000;

/// An operation of the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Verify,
    /// `verificaBollettino`.
    Slip,
    ActivateV1,
    ActivateV2,
    OutcomeV1,
    OutcomeV2,
    Demand,
}

const OPERATIONS: [(Operation, &str, &str, &str); 7] = [
    (
        Operation::Verify,
        "verifyPaymentNotice",
        "verifyPaymentNoticeReq",
        "verifyPaymentNoticeRes",
    ),
    (
        Operation::Slip,
        "verificaBollettino",
        "verificaBollettinoReq",
        "verificaBollettinoRes",
    ),
    (
        Operation::ActivateV1,
        "activatePaymentNotice",
        "activatePaymentNoticeReq",
        "activatePaymentNoticeRes",
    ),
    (
        Operation::ActivateV2,
        "activatePaymentNoticeV2",
        "activatePaymentNoticeV2Request",
        "activatePaymentNoticeV2Response",
    ),
    (
        Operation::OutcomeV1,
        "sendPaymentOutcome",
        "sendPaymentOutcomeReq",
        "sendPaymentOutcomeRes",
    ),
    (
        Operation::OutcomeV2,
        "sendPaymentOutcomeV2",
        "sendPaymentOutcomeV2Request",
        "sendPaymentOutcomeV2Response",
    ),
    (
        Operation::Demand,
        "demandPaymentNotice",
        "demandPaymentNoticeRequest",
        "demandPaymentNoticeResponse",
    ),
];

impl Operation {
    fn action(self) -> &'static str {
        let mut all = OPERATIONS.iter();
        all.find(|(operation, ..)| *operation == self)
            .map_or("", |(_, action, ..)| action)
    }

    /// Root of the answer.
    pub(super) fn response(self) -> &'static str {
        let mut all = OPERATIONS.iter();
        all.find(|(operation, ..)| *operation == self)
            .map_or("", |(.., response)| response)
    }
}

/// A message of a provider.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) operation: Operation,
    message: Element,
    /// Index of the provider; the first one until it is checked.
    pub(super) psp: usize,
    /// Of the notice; empty when none is named.
    pub(super) creditor: String,
    /// The service that is demanded; empty for every other operation.
    pub(super) subject: String,
    pub(super) idempotency_key: Option<String>,
    /// Everything that was asked, to tell a repetition from another request.
    pub(super) fingerprint: String,
}

/// What is asked, in the gateway's own terms.
#[derive(Debug)]
pub(super) enum Ask {
    Verify(Notice),
    Slip {
        account: String,
        number: String,
    },
    Activate {
        notice: Notice,
        cents: u64,
    },
    Outcome {
        tokens: Vec<String>,
        paid: bool,
    },
    /// A service and its document in base64.
    Demand {
        subject: String,
        details: String,
    },
}

fn syntax(what: &str) -> Fault {
    Fault::ppt("PPT_SINTASSI_EXTRAXSD", what)
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Asked {
    /// Tells which operation a message is.
    pub(super) fn read(body: &str) -> Result<Self, String> {
        let message = read_request(body, NODE_FOR_PSP)?;
        let operation = OPERATIONS
            .iter()
            .find(|(_, _, request, _)| *request == message.name())
            .map(|(operation, ..)| *operation)
            .ok_or_else(|| format!("{} is not asked at this door", message.name()))?;
        Ok(Self {
            operation,
            psp: message.text("idPSP").and_then(psps::find).unwrap_or(0),
            creditor: message.owned("qrCode/fiscalCode"),
            subject: message.owned("idSoggettoServizio"),
            idempotency_key: message.text("idempotencyKey").map(str::to_owned),
            fingerprint: message.flat(),
            message,
        })
    }

    /// The node's own checks, in its order; then what is asked.
    pub(super) fn check(&self, action: Option<&str>) -> Result<Ask, Fault> {
        let action = action.map(|action| action.trim_matches('"'));
        if action.is_some_and(|action| !action.is_empty() && action != self.operation.action()) {
            return Err(Fault::ppt(
                "PPT_SOAPACTION_ERRATA",
                "SOAPAction does not fit the message",
            ));
        }
        let ask = self.ask()?;
        self.known_provider()?;
        Ok(ask)
    }

    fn required(&self, path: &str) -> Result<&str, Fault> {
        let text = self.message.text(path);
        text.ok_or_else(|| syntax(&format!("{path} is missing or empty")))
    }

    fn known_provider(&self) -> Result<(), Fault> {
        let id = self.required("idPSP")?;
        let index = psps::find(id)
            .ok_or_else(|| Fault::ppt("PPT_PSP_SCONOSCIUTO", format!("there is no PSP {id}")))?;
        let psp = psps::get(index);
        if self.required("idBrokerPSP")? != psp.tax_code {
            let what = "idBrokerPSP is not the provider's";
            return Err(Fault::ppt("PPT_INTERMEDIARIO_PSP_SCONOSCIUTO", what));
        }
        if self.required("idChannel")? != psp.channel {
            let what = "idChannel is not the provider's";
            return Err(Fault::ppt("PPT_CANALE_SCONOSCIUTO", what));
        }
        Ok(())
    }

    fn ask(&self) -> Result<Ask, Fault> {
        for field in ["idPSP", "idBrokerPSP", "idChannel"] {
            self.required(field)?;
        }
        if !(8..=15).contains(&self.required("password")?.chars().count()) {
            return Err(syntax("password is not 8 to 15 long"));
        }
        if self
            .idempotency_key
            .as_deref()
            .is_some_and(|key| !is_key(key))
        {
            return Err(syntax("idempotencyKey is not letters_ten"));
        }
        match self.operation {
            Operation::Verify => Ok(Ask::Verify(self.notice()?)),
            Operation::Slip => {
                let account = self.required("ccPost")?.to_owned();
                let number = self.required("noticeNumber")?.to_owned();
                if !digits(&account, 12) || !digits(&number, 18) {
                    return Err(syntax("ccPost has 12 digits, noticeNumber 18"));
                }
                Ok(Ask::Slip { account, number })
            }
            Operation::ActivateV1 | Operation::ActivateV2 => {
                let life = self.message.text("expirationTime");
                let lives = |life: &str| life.parse().is_ok_and(|life: u32| life <= LIFE_MAX);
                if life.is_some_and(|life| !lives(life)) {
                    return Err(syntax("expirationTime is at most 1800000 milliseconds"));
                }
                let cents = parse_euro(self.required("amount")?);
                Ok(Ask::Activate {
                    notice: self.notice()?,
                    cents: cents.ok_or_else(|| syntax("amount has two decimals"))?,
                })
            }
            Operation::OutcomeV1 => {
                let token = self.required("paymentToken")?.to_owned();
                self.outcome(vec![token])
            }
            Operation::OutcomeV2 => {
                let list = self.message.at("paymentTokens");
                let tokens = list
                    .map(|list| list.texts("paymentToken"))
                    .unwrap_or_default();
                if !(1..=5).contains(&tokens.len()) {
                    return Err(syntax("paymentTokens are 1 to 5"));
                }
                self.outcome(tokens)
            }
            Operation::Demand => self.demand(),
        }
    }

    fn outcome(&self, tokens: Vec<String>) -> Result<Ask, Fault> {
        let paid = match self.required("outcome")? {
            "OK" => true,
            "KO" => false,
            _ => return Err(syntax("outcome is OK or KO")),
        };
        if paid && self.message.at("details").is_none() {
            return Err(syntax("outcome OK has details"));
        }
        Ok(Ask::Outcome { tokens, paid })
    }

    fn demand(&self) -> Result<Ask, Fault> {
        let subject = self.required("idSoggettoServizio")?.to_owned();
        let details = self.required("datiSpecificiServizio")?;
        let details: String = details.split_whitespace().collect();
        if subject.chars().count() != 5 || STANDARD.decode(&details).is_err() {
            return Err(syntax(
                "idSoggettoServizio has 5 characters, datiSpecificiServizio is base64",
            ));
        }
        Ok(Ask::Demand { subject, details })
    }

    fn notice(&self) -> Result<Notice, Fault> {
        let creditor = self.required("qrCode/fiscalCode")?.to_owned();
        let number = self.required("qrCode/noticeNumber")?.to_owned();
        if !digits(&creditor, 11) || !digits(&number, 18) {
            return Err(syntax("fiscalCode has 11 digits, noticeNumber 18"));
        }
        Ok(Notice { creditor, number })
    }
}

/// Letters and digits, 2 to 18, an underscore, ten more.
fn is_key(key: &str) -> bool {
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    key.split_once('_').is_some_and(|(owner, rest)| {
        (2..=18).contains(&owner.len()) && rest.len() == 10 && plain(owner) && plain(rest)
    })
}
