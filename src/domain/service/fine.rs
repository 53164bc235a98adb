//! Fines: reports of the highway code (D.Lgs. 285/1992) and of other laws (L. 689/1981), whose amount
//! depends on the day they are paid (`charges.md` §4).

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Assessment, DetailsError, DetailsSchema, NoticeDraft, OptionDraft, OptionKind, PlanLapse, Row,
    Schedule, Service, ServiceKind, Step, TransferDraft, read_terms,
};
use crate::domain::balance::{Balance, Notified, Payment};
use crate::domain::calendar::Day;
use crate::domain::findings::{Findings, read};
use crate::domain::money::Cents;

mod amounts;
mod details;
mod instalments;
mod notification;
mod residual;
mod slip;
mod terms;

use amounts::Prices;
pub use details::{
    FineChannel, FineDetails, FineInstalmentRequest, FineNotification, FineViolation,
};
pub use notification::{Deadlines, Notification};
pub use terms::{
    AfterReduced, FineArticle, FineForm, FineInstalments, FineRegime, FineTerms, InstalmentBand,
};

/// A report of violations.
pub struct Fine;

impl ServiceKind for Fine {
    fn code(&self) -> &'static str {
        "fine"
    }

    fn assess(&self, details: &Value, service: &Service) -> Result<Assessment, Vec<DetailsError>> {
        let report = Report::read(details, service)?;
        report.assess().map_err(|error| vec![error])
    }

    fn check_terms(&self, terms: &Value) -> Result<(), Vec<DetailsError>> {
        read_terms(terms, terms::check_terms).map(|_: FineTerms| ())
    }

    fn details_schema(&self) -> DetailsSchema {
        DetailsSchema::of::<FineDetails>()
    }

    fn notified(
        &self,
        details: &Value,
        notification: Value,
    ) -> Result<Notified, Vec<DetailsError>> {
        let notification: FineNotification = read(&notification)?;
        let mut details: FineDetails = read(details)?;
        let before = details.notification.replace(notification);
        Ok(match before {
            None => Notified::First(json!(details)),
            Some(_) if before == details.notification => Notified::Same,
            Some(_) => Notified::Other(json!(details)),
        })
    }

    fn takes_place_of(&self, details: &Value) -> Option<String> {
        let reference = details.get("slip_reference")?.as_str()?;
        Some(reference.to_owned())
    }

    fn check_place(
        &self,
        details: &Value,
        (earlier, service): (&Value, &Service),
    ) -> Result<(), Vec<DetailsError>> {
        let terms: &FineTerms = service.terms(terms::check_terms)?;
        let (report, slip) = (read(details)?, read(earlier)?);
        slip::check(&report, (&slip, terms))
    }

    fn balance(
        &self,
        details: &Value,
        service: &Service,
        paid: Payment,
    ) -> Result<Balance, Vec<DetailsError>> {
        let report = Report::read(details, service)?;
        report.balance(paid).map_err(|error| vec![error])
    }
}

/// A report whose details are in order, with its prices.
struct Report<'a> {
    details: FineDetails,
    terms: &'a FineTerms,
    service: &'a Service,
    prices: Prices,
    /// The lines that explain the reduced payment.
    rows: Vec<Row>,
    notified_on: Option<Day>,
}

impl Report<'_> {
    fn read<'a>(details: &Value, service: &'a Service) -> Result<Report<'a>, Vec<DetailsError>> {
        let terms: &FineTerms = service.terms(terms::check_terms)?;
        let details: FineDetails = read(details)?;
        let mut findings = Findings::default();
        details::check_details(&details, terms, service, &mut findings);
        findings.result()?;
        let one = |error: DetailsError| vec![error];
        let (prices, rows) = amounts::prices(&details, terms).map_err(one)?;
        let notified_on = details.notified_on().map_err(one)?;
        let mut findings = Findings::default();
        if let Some(request) = &details.instalments {
            let sum = (prices.reduced, notified_on);
            instalments::check_request(request, &details, terms, sum, &mut findings);
        }
        findings.result()?;
        Ok(Report {
            details,
            terms,
            service,
            prices,
            rows,
            notified_on,
        })
    }

    fn assess(&self) -> Result<Assessment, DetailsError> {
        let mut options = self.at_once()?;
        let first = options.first().and_then(|option| option.notices.first());
        let asked = first.map_or(self.prices.reduced, |notice| notice.schedule.nominal());
        let rows = self.explained(asked)?;
        options.extend(self.in_instalments()?);
        Ok(Assessment { rows, options })
    }

    /// The notices that pay the whole: one whose price changes, or one for each of the first two prices.
    fn at_once(&self) -> Result<Vec<OptionDraft>, DetailsError> {
        let steps = self.steps()?;
        let two = self.terms.form == FineForm::TwoNotices
            && self.terms.preavviso_days.is_none()
            && self.details.enrolled_on.is_none();
        let Some(discounted) = self.prices.discounted.filter(|_| two) else {
            let notice = self.notice("", self.due_on(), self.still_open(steps))?;
            return Ok(vec![single(notice)]);
        };
        let last = self.deadlines();
        let mut own = match (last, self.terms.cds_repricing) {
            (Some(last), false) => vec![step(
                Some(last.discounted),
                self.discount_reason(),
                discounted,
            )],
            (Some(_), true) | (None, _) => steps.clone(),
        };
        let mut reduced = match last {
            Some(_) => steps.get(1..).unwrap_or_default().to_vec(),
            None => vec![step(None, self.reduced_reason(), self.prices.reduced)],
        };
        own = self.still_open(own);
        reduced = self.still_open(reduced);
        let is_offered = last.is_none_or(|last| last.discounted >= self.service.issued_on);
        let mut options = Vec::new();
        if is_offered {
            let due_on = last.map(|last| last.discounted);
            let notice = self.notice(", importo scontato", due_on, own)?;
            options.push(single(notice));
        }
        let due_on = last.map(|last| last.reduced);
        let notice = self.notice(", importo ridotto", due_on, reduced)?;
        options.push(single(notice));
        Ok(options)
    }

    /// The whole price by day, from the first day of the term. Until the notification is known the terms
    /// have not begun, so the lowest price holds without end.
    fn steps(&self) -> Result<Vec<Step>, DetailsError> {
        let Prices {
            discounted,
            reduced,
            late,
            ..
        } = self.prices;
        if let Some(end) = self.slip_ends_on() {
            return Ok(match (discounted, self.terms.cds_repricing) {
                (Some(amount), true) => vec![
                    step(Some(end), self.discount_reason(), amount),
                    step(
                        None,
                        "minimo della sanzione, fino al verbale".to_owned(),
                        reduced,
                    ),
                ],
                (Some(amount), false) => vec![step(Some(end), self.discount_reason(), amount)],
                (None, _) => vec![step(None, self.reduced_reason(), reduced)],
            });
        }
        let Some(last) = self.deadlines() else {
            return Ok(vec![match discounted {
                Some(amount) => step(None, self.discount_reason(), amount),
                None => step(None, self.reduced_reason(), reduced),
            }]);
        };
        if let Some(amount) = self.enrolled()? {
            return Ok(vec![step(
                None,
                "somma iscritta a ruolo".to_owned(),
                amount,
            )]);
        }
        let early = discounted.map(|a| step(Some(last.discounted), self.discount_reason(), a));
        let mut steps: Vec<Step> = early.into_iter().collect();
        steps.push(step(Some(last.reduced), self.reduced_reason(), reduced));
        if let Some(late) = late.filter(|_| self.terms.after_60 == AfterReduced::LateAmount) {
            steps.push(step(None, self.late_reason(), late));
        }
        Ok(steps)
    }

    /// Half the maximum with the increase for the semesters since it became enforceable.
    fn enrolled(&self) -> Result<Option<Cents>, DetailsError> {
        let (Some(late), Some(surcharge)) = (self.prices.late, self.surcharge()?) else {
            return Ok(None);
        };
        Ok(Some(late.plus(surcharge)?))
    }

    fn surcharge(&self) -> Result<Option<Cents>, DetailsError> {
        let (Some(late), Some(last), Some(enrolled_on)) =
            (self.prices.late, self.deadlines(), self.details.enrolled_on)
        else {
            return Ok(None);
        };
        let sanction = late.minus(self.prices.costs)?;
        let semesters = amounts::semesters(last.reduced, enrolled_on);
        let bp = self.terms.semester_surcharge_bp;
        Ok(Some(amounts::surcharge(sanction, bp, semesters)?))
    }

    /// What was granted to who is poor, beside the payment at once.
    fn in_instalments(&self) -> Result<Option<OptionDraft>, DetailsError> {
        let (Some(request), Some(rules)) = (&self.details.instalments, &self.terms.instalments)
        else {
            return Ok(None);
        };
        let count = u16::try_from(request.count).unwrap_or(u16::MAX);
        let (sum, terms) = (self.prices.reduced, (request.starts_on, rules.rate_bp));
        let parts = instalments::divide(sum, count, terms, self.terms.calendar())?;
        let mut notices = Vec::with_capacity(parts.len());
        for (number, part) in (1u16..).zip(parts) {
            let amount = part.principal.plus(part.interest)?;
            let reason = format!("rata, di cui interessi {} euro", part.interest.italian());
            let suffix = format!(", rata {number} di {count}");
            let steps = vec![step(None, reason, amount)];
            notices.push(self.notice(&suffix, Some(part.due_on), steps)?);
        }
        Ok(Some(OptionDraft {
            kind: OptionKind::Plan,
            lapse: Some(PlanLapse {
                missed: rules.missed_instalments,
            }),
            notices,
        }))
    }

    /// Steps that end on the day of issue or later.
    fn still_open(&self, mut steps: Vec<Step>) -> Vec<Step> {
        steps.retain(|step| {
            step.until
                .is_none_or(|until| until >= self.service.issued_on)
        });
        steps
    }

    fn notice(
        &self,
        suffix: &str,
        due_on: Option<Day>,
        steps: Vec<Step>,
    ) -> Result<NoticeDraft, DetailsError> {
        if steps.is_empty() {
            return Err(DetailsError::new(
                match self.terms.preavviso_days {
                    Some(_) => "/violations",
                    None => "/notification",
                },
                "i termini per pagare sono scaduti prima del giorno di emissione",
                "the terms to pay were over before the day of issue",
            ));
        }
        let number = self.details.report_number.trim();
        let what = match self.terms.preavviso_days {
            Some(_) => "preavviso",
            None => "verbale",
        };
        Ok(NoticeDraft {
            description: self
                .service
                .description(&format!("{what} {number}{suffix}")),
            due_on,
            transfers: vec![TransferDraft {
                to: self.service.main.clone(),
                metadata: Arc::default(),
            }],
            schedule: Schedule::new(steps, 1)?,
        })
    }

    fn deadlines(&self) -> Option<Deadlines> {
        self.notified_on.map(|day| self.terms.deadlines(day))
    }

    /// Last day of the discount of a slip on a windscreen; `None` for reports.
    fn slip_ends_on(&self) -> Option<Day> {
        let days = self.terms.preavviso_days?;
        let calendar = self.terms.calendar();
        Some(calendar.deadline(self.details.committed_on()?, days))
    }

    fn due_on(&self) -> Option<Day> {
        if self.details.enrolled_on.is_some() {
            return None;
        }
        self.slip_ends_on()
            .or_else(|| Some(self.deadlines()?.reduced))
    }

    /// The lines, up to what is asked first: that may be less than the reduced payment, or already more.
    fn explained(&self, asked: Cents) -> Result<Vec<Row>, DetailsError> {
        let mut rows = self.rows.clone();
        let surcharge = self.surcharge()?.unwrap_or(Cents::ZERO);
        let adjustment = asked.minus(self.prices.reduced)?.minus(surcharge)?;
        let (code, label) = match adjustment < Cents::ZERO {
            true => {
                let days = self
                    .terms
                    .preavviso_days
                    .unwrap_or(self.terms.discount_days);
                let label = format!("Riduzione per pagamento entro {days} giorni");
                ("discount", label)
            }
            false => {
                let days = self.terms.reduced_days;
                let label = format!("Aumento dopo {days} giorni (art. 203 c. 3 CdS)");
                ("late_increase", label)
            }
        };
        let increase = "Maggiorazione per semestri di ritardo (art. 27 c. 6 L. 689/1981)";
        let rest = [
            (code, label, adjustment),
            ("semester_surcharge", increase.to_owned(), surcharge),
        ];
        rows.extend(
            rest.into_iter()
                .filter(|(_, _, amount)| *amount != Cents::ZERO)
                .map(|(code, label, amount)| Row {
                    code: code.into(),
                    label,
                    amount,
                }),
        );
        Ok(rows)
    }

    fn discount_reason(&self) -> String {
        match self.terms.preavviso_days {
            Some(days) => format!("importo scontato entro {days} giorni dalla violazione"),
            None => {
                let days = self.terms.discount_days;
                format!("importo scontato entro {days} giorni dalla notifica")
            }
        }
    }

    fn reduced_reason(&self) -> String {
        let days = self.terms.reduced_days;
        format!("pagamento in misura ridotta entro {days} giorni dalla notifica")
    }

    fn late_reason(&self) -> String {
        let days = self.terms.reduced_days;
        format!("metà del massimo, dopo {days} giorni dalla notifica")
    }
}

fn single(notice: NoticeDraft) -> OptionDraft {
    OptionDraft {
        kind: OptionKind::Single,
        lapse: None,
        notices: vec![notice],
    }
}

fn step(until: Option<Day>, reason: String, amount: Cents) -> Step {
    Step {
        until,
        reason,
        amounts: vec![amount],
    }
}

#[cfg(test)]
mod tests;
