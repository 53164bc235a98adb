//! What the police write in a report, and what is wrong with it.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::notification::Notification;
use super::terms::{FineRegime, FineTerms};
use crate::domain::calendar::Day;
use crate::domain::findings::Findings;
use crate::domain::money::Cents;
use crate::domain::service::{DetailsError, Service};

/// What the police write in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"report_number": "V/2026/1234", "plate": "AB123CD", "costs_cents": 1630,
    "violations": [{"article": "142-8", "committed_on": "2026-03-10", "at_night": false}]}))]
pub struct FineDetails {
    /// Number of the report, as printed on it.
    #[schema(min_length = 1, max_length = 35, pattern = "^[^\\x00-\\x1f\\x7f]+$")]
    pub report_number: String,
    /// Plate of the vehicle, capital letters and digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 10,
        pattern = "^[A-Z0-9]+$"
    )]
    pub plate: Option<String>,
    /// What was violated; each is computed, then summed.
    #[schema(min_items = 1, max_items = 10)]
    pub violations: Vec<FineViolation>,
    /// Costs of assessment and notification, cents: added once, never discounted.
    #[schema(format = Int64, minimum = 0, maximum = 99_999_999_999_i64)]
    pub costs_cents: i64,
    /// The caller's reference of the slip (preavviso) that was left on the windscreen for the same violations:
    /// this report closes it. Nothing may have been paid for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub slip_reference: Option<String>,
    /// How and when the report was notified; absent until it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub notification: Option<FineNotification>,
    /// Instalments that were granted (art. 202-bis); offered beside the payment at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub instalments: Option<FineInstalmentRequest>,
    /// Day the claim is entered on the roll: half the maximum is asked, with the increase for each
    /// semester of delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub enrolled_on: Option<NaiveDate>,
}

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"article": "142-8", "committed_on": "2026-03-10", "at_night": false}))]
pub struct FineViolation {
    /// Code of the article in the table of the service.
    #[schema(min_length = 1, max_length = 35, pattern = "^[A-Za-z0-9_-]+$")]
    pub article: String,
    /// Day of the violation, which picks the amounts in force.
    pub committed_on: NaiveDate,
    /// Whether after 22:00 and before 7:00 (art. 195 c. 2-bis); it counts only for some articles.
    pub at_night: bool,
    /// Whether the driver did not stop, or did not show the documents: no reduced payment (art. 202 c. 3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused_to_stop: bool,
}

/// How a report was notified. Which days count depends on the channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"channel": "mail", "on": "2026-04-29"}))]
pub struct FineNotification {
    /// How it was sent.
    pub channel: FineChannel,
    /// Day of delivery, of the notice of deposit (`mail_deposited`) or of the last attempt
    /// (`send_pec_undelivered`).
    pub on: NaiveDate,
    /// Hour of delivery in Rome, as `22:30`: needed for `send_pec`, and for nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 5,
        max_length = 5,
        pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
    )]
    pub at: Option<String>,
    /// Day it was picked up at the post office, or opened on the platform; it counts when it comes
    /// before the days of the channel are over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub collected_on: Option<NaiveDate>,
}

/// A channel of notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FineChannel {
    /// Handed over at once.
    Immediate,
    /// By a messenger of the town.
    ByHand,
    /// By registered letter, delivered.
    Mail,
    /// By registered letter, left at the post office: ten days after the notice of deposit.
    MailDeposited,
    /// By certified electronic mail.
    Pec,
    /// By certified electronic mail of the platform SEND: the seventh day.
    SendPec,
    /// The platform SEND found the mailbox full or not valid: the fifteenth day.
    SendPecUndelivered,
    /// By a letter of the platform SEND: the tenth day.
    SendPaper,
}

/// Instalments that the office has granted (art. 202-bis).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"count": 10, "requested_on": "2026-05-10", "starts_on": "2026-06-16", "income_cents": 900_000, "relatives": 2}))]
pub struct FineInstalmentRequest {
    /// How many instalments.
    #[schema(format = Int64, minimum = 2, maximum = 60)]
    pub count: i64,
    /// Day the instalments were asked for.
    pub requested_on: NaiveDate,
    /// Day interest starts from; the first instalment is due a month later.
    pub starts_on: NaiveDate,
    /// Yearly income of the family, cents.
    #[schema(format = Int64, minimum = 0, maximum = 99_999_999_999_i64)]
    pub income_cents: i64,
    /// Relatives who live with who asks.
    #[schema(format = Int64, minimum = 0, maximum = 20)]
    pub relatives: i64,
}

impl FineNotification {
    /// The typed notification.
    ///
    /// # Errors
    /// What is missing for its channel, or given in vain.
    pub fn read(&self) -> Result<Notification, DetailsError> {
        let (on, collected_on) = (self.on, self.collected_on);
        if self.at.is_some() != (self.channel == FineChannel::SendPec) {
            return Err(DetailsError::new(
                "/notification/at",
                "serve per send_pec, e solo per quello",
                "is needed for send_pec, and only for it",
            ));
        }
        let waits = match self.channel {
            FineChannel::Immediate | FineChannel::ByHand | FineChannel::Mail | FineChannel::Pec => {
                false
            }
            FineChannel::MailDeposited
            | FineChannel::SendPec
            | FineChannel::SendPecUndelivered
            | FineChannel::SendPaper => true,
        };
        if collected_on.is_some_and(|day| !waits || day < on) {
            return Err(DetailsError::new(
                "/notification/collected_on",
                "vale solo per i canali con giacenza o attesa, e non può precedere on",
                "is only for channels that wait, and must not be before on",
            ));
        }
        Ok(match self.channel {
            FineChannel::Immediate => Notification::Immediate { on },
            FineChannel::ByHand => Notification::ByHand { on },
            FineChannel::Mail => Notification::Mail { on },
            FineChannel::Pec => Notification::Pec { on },
            FineChannel::MailDeposited => Notification::MailDeposited {
                notice_sent_on: on,
                collected_on,
            },
            FineChannel::SendPec => Notification::SendPec {
                on,
                at: self.hour()?,
                opened_on: collected_on,
            },
            FineChannel::SendPecUndelivered => Notification::SendPecUndelivered {
                on,
                opened_on: collected_on,
            },
            FineChannel::SendPaper => Notification::SendPaper {
                on,
                opened_on: collected_on,
            },
        })
    }

    fn hour(&self) -> Result<NaiveTime, DetailsError> {
        let hour = self.at.as_deref().filter(|text| text.len() == 5);
        hour.and_then(|text| NaiveTime::parse_from_str(text, "%H:%M").ok())
            .ok_or_else(|| {
                DetailsError::new(
                    "/notification/at",
                    "deve essere un'ora da 00:00 a 23:59",
                    "must be an hour from 00:00 to 23:59",
                )
            })
    }
}

impl FineDetails {
    /// The day the terms start from, when it is known.
    ///
    /// # Errors
    /// As [`FineNotification::read`].
    pub(super) fn notified_on(&self) -> Result<Option<Day>, DetailsError> {
        let read = self.notification.as_ref().map(FineNotification::read);
        Ok(read.transpose()?.map(Notification::day))
    }

    /// The last day of violation.
    pub(super) fn committed_on(&self) -> Option<Day> {
        self.violations.iter().map(|v| v.committed_on).max()
    }
}

pub(super) fn check_details(
    details: &FineDetails,
    terms: &FineTerms,
    service: &Service,
    findings: &mut Findings,
) {
    findings.text::<35>("/report_number", &details.report_number);
    let capital = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    if details
        .plate
        .as_ref()
        .is_some_and(|p| !(1..=10).contains(&p.len()) || !p.bytes().all(capital))
    {
        findings.add(
            "/plate",
            "deve avere da 1 a 10 lettere maiuscole o cifre",
            "must have 1 to 10 capital letters or digits",
        );
    }
    if let Some(reference) = &details.slip_reference {
        findings.text::<64>("/slip_reference", reference);
        if terms.preavviso_days.is_some() {
            findings.add(
                "/slip_reference",
                "un preavviso non ne chiude un altro: lo chiude il verbale",
                "a slip closes no other slip: the report does",
            );
        }
    }
    let most = match terms.preavviso_days {
        Some(_) => 0,
        None => Cents::NOTICE_MAX.get(),
    };
    findings.range("/costs_cents", details.costs_cents, 0..=most);
    findings.count("/violations", details.violations.len(), 1..=10);
    for (i, violation) in details.violations.iter().enumerate() {
        check_violation(i, violation, terms, service, findings);
    }
    one_regime(details, terms, findings);
    check_notification(details, terms, findings);
    if let Some(request) = &details.instalments {
        findings.range("/instalments/count", request.count, 2..=60);
        let income = request.income_cents;
        findings.range("/instalments/income_cents", income, 0..=99_999_999_999);
        findings.range("/instalments/relatives", request.relatives, 0..=20);
        findings.day("/instalments/requested_on", request.requested_on);
        findings.day("/instalments/starts_on", request.starts_on);
    }
}

fn check_violation(
    i: usize,
    violation: &FineViolation,
    terms: &FineTerms,
    service: &Service,
    findings: &mut Findings,
) {
    let pointer = format!("/violations/{i}/committed_on");
    findings.day(pointer.as_str(), violation.committed_on);
    if violation.committed_on > service.issued_on {
        let issued = service.issued_on;
        findings.add(
            pointer,
            format!("non può seguire il giorno di emissione, {issued}"),
            format!("must not be after the day of issue, {issued}"),
        );
    }
    let excluded = match terms.article(violation) {
        Some(article) if article.reduced_excluded => Some("article"),
        Some(_) if violation.refused_to_stop => Some("refused_to_stop"),
        Some(_) => None,
        None => {
            let pointer = format!("/violations/{i}/article");
            findings.push(unknown(pointer, terms, violation));
            None
        }
    };
    if let Some(field) = excluded {
        findings.add(
            format!("/violations/{i}/{field}"),
            "il pagamento in misura ridotta non è ammesso (art. 202 c. 3 e 3-bis CdS): \
             il verbale va trasmesso al Prefetto",
            "no reduced payment is allowed (art. 202 c. 3 and 3-bis CdS): \
             the report goes to the Prefect",
        );
    }
}

fn one_regime(details: &FineDetails, terms: &FineTerms, findings: &mut Findings) {
    let regimes: Vec<FineRegime> = details
        .violations
        .iter()
        .filter_map(|violation| Some(terms.article(violation)?.regime))
        .collect();
    let administrative = regimes.contains(&FineRegime::Administrative);
    if administrative && regimes.contains(&FineRegime::HighwayCode) {
        findings.add(
            "/violations",
            "le violazioni al codice della strada e le altre vanno in verbali distinti",
            "violations of the highway code and others belong in different reports",
        );
    }
    if administrative && details.instalments.is_some() {
        findings.add(
            "/instalments",
            "le rate dell'art. 202-bis CdS sono per le violazioni del codice della strada",
            "the instalments of art. 202-bis are for violations of the highway code",
        );
    }
    if administrative && details.enrolled_on.is_some() {
        findings.add(
            "/enrolled_on",
            "a ruolo va l'ordinanza-ingiunzione, non il verbale",
            "what goes to the roll is the injunction, not the report",
        );
    }
}

fn check_notification(details: &FineDetails, terms: &FineTerms, findings: &mut Findings) {
    let notified_on = match details.notified_on() {
        Ok(day) => day,
        Err(error) => {
            findings.push(error);
            None
        }
    };
    if let Some(notification) = &details.notification {
        findings.day("/notification/on", notification.on);
        let earliest = details.committed_on();
        if earliest.is_some_and(|committed| notification.on < committed) {
            findings.add(
                "/notification/on",
                "non può precedere il giorno della violazione",
                "must not be before the day of the violation",
            );
        }
        if terms.preavviso_days.is_some() {
            findings.add(
                "/notification",
                "un preavviso non è notificato: si notifica il verbale",
                "a slip on a windscreen is not notified: the report is",
            );
        }
    }
    let needs = details.instalments.is_some() || details.enrolled_on.is_some();
    if needs && notified_on.is_none() && details.notification.is_none() {
        findings.add(
            "/notification",
            "serve per concedere rate o iscrivere a ruolo",
            "is needed to grant instalments or to go to the roll",
        );
    }
    if let (Some(enrolled), Some(notified)) = (details.enrolled_on, notified_on) {
        findings.day("/enrolled_on", enrolled);
        let last = terms.deadlines(notified);
        if enrolled <= last.reduced {
            findings.add(
                "/enrolled_on",
                format!(
                    "deve seguire il termine del pagamento ridotto, {}",
                    last.reduced
                ),
                format!(
                    "must be after the term of the reduced payment, {}",
                    last.reduced
                ),
            );
        }
    }
}

/// Why no amount was found, with the articles that have one on that day.
pub(super) fn unknown(
    pointer: String,
    terms: &FineTerms,
    violation: &FineViolation,
) -> DetailsError {
    let known: BTreeSet<&str> = terms
        .articles
        .iter()
        .filter(|article| article.valid_from <= violation.committed_on)
        .map(|article| article.code.as_str())
        .collect();
    let known: Vec<&str> = known.into_iter().collect();
    let known = known.join(", ");
    DetailsError::new(
        pointer,
        format!("articoli con importi in vigore quel giorno: {known}"),
        format!("the articles with amounts in force on that day are {known}"),
    )
}
