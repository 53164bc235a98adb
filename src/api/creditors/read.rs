//! Public bodies between the contract and the domain.

use super::{CreditorAccount, CreditorView, NewCreditor, Station};
use crate::api::faults::Faults;
use crate::api::problem::Problem;
use crate::api::scalars::{
    CadastralCode, CbillCode, CreditorTaxCode, Iban, IpaCode, Line70, Line90, Line140, Revision,
    SegregationCode, StationCode,
};
use crate::app::creditors::Stored;
use crate::domain::creditor::{self, Account, Creditor, Validity};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::iban;
use crate::domain::notice_number;
use crate::domain::text::Text;

impl NewCreditor {
    /// The creditor that is meant.
    ///
    /// # Errors
    /// `rule-violation` with every place.
    pub(super) fn read(&self, tax_code: FiscalCode) -> Result<Creditor, Problem> {
        let mut faults = Faults::default();
        let legal_name = faults.read("/legal_name", Text::parse(self.legal_name.as_str()));
        let office_name = self.office_name.as_ref().map(|t| Text::parse(t.as_str()));
        let office_name = office_name.and_then(|read| faults.read("/office_name", read));
        let ipa_code = self.ipa_code.as_ref().map(|t| Text::parse(t.as_str()));
        let ipa_code = ipa_code.and_then(|read| faults.read("/ipa_code", read));
        let cadastral_code = self
            .cadastral_code
            .as_ref()
            .map(|t| Text::parse(t.as_str()));
        let cadastral_code = cadastral_code.and_then(|read| faults.read("/cadastral_code", read));
        let cbill = self.cbill_code.as_ref().map(|t| Text::parse(t.as_str()));
        let cbill = cbill.and_then(|read| faults.read("/cbill_code", read));
        let web_site = self.web_site.as_ref().map(|t| Text::parse(t.as_str()));
        let web_site = web_site.and_then(|read| faults.read("/web_site", read));
        let lines = self.contact_lines.iter().enumerate();
        let contact_lines = lines
            .filter_map(|(i, t)| {
                faults.read(format!("/contact_lines/{i}"), Text::parse(t.as_str()))
            })
            .collect();
        let stations = self.stations.iter().enumerate();
        let stations = stations
            .filter_map(|(i, new)| station(&mut faults, i, new))
            .collect();
        let accounts = self.accounts.iter().enumerate();
        let accounts = accounts
            .filter_map(|(i, new)| account(&mut faults, i, new))
            .collect();
        faults.result(legal_name.map(|legal_name| Creditor {
            tax_code,
            legal_name,
            office_name,
            ipa_code,
            cadastral_code,
            cbill,
            web_site,
            contact_lines,
            treasurer: self.treasurer.clone(),
            stations,
            accounts,
        }))
    }
}

fn station(faults: &mut Faults, i: usize, new: &Station) -> Option<creditor::Station> {
    let at = |name: &str| format!("/stations/{i}/{name}");
    let station_id = faults.read(at("station_id"), Text::parse(new.station_id.as_str()));
    let broker = FiscalCode::parse(new.broker_tax_code.as_str());
    let broker_tax_code = faults.read(at("broker_tax_code"), broker);
    let code = notice_number::SegregationCode::parse(new.segregation_code.as_str());
    let segregation_code = faults.read(at("segregation_code"), code);
    Some(creditor::Station {
        station_id: station_id?,
        broker_tax_code: broker_tax_code?,
        segregation_code: segregation_code?,
        valid: Validity {
            from: new.valid_from_date,
            until: new.valid_to_date,
        },
    })
}

fn account(faults: &mut Faults, i: usize, new: &CreditorAccount) -> Option<Account> {
    let iban = faults.read(
        format!("/accounts/{i}/iban"),
        iban::Iban::parse(new.iban.as_str()),
    );
    let label = faults.read(
        format!("/accounts/{i}/label"),
        Text::parse(new.label.as_str()),
    );
    let valid = Validity {
        from: new.valid_from_date,
        until: new.valid_to_date,
    };
    Some(Account {
        iban: iban?,
        label: label?,
        valid,
    })
}

impl CreditorView {
    /// A creditor as it is stored.
    pub(super) fn of(stored: &Stored) -> CreditorView {
        let creditor = &stored.creditor;
        CreditorView {
            creditor_tax_code: CreditorTaxCode::new(creditor.tax_code.as_str()),
            legal_name: Line140::new(creditor.legal_name.as_str()),
            office_name: creditor
                .office_name
                .as_ref()
                .map(|t| Line140::new(t.as_str())),
            ipa_code: creditor.ipa_code.as_ref().map(|t| IpaCode::new(t.as_str())),
            cadastral_code: creditor
                .cadastral_code
                .as_ref()
                .map(|t| CadastralCode::new(t.as_str())),
            cbill_code: creditor.cbill.as_ref().map(|t| CbillCode::new(t.as_str())),
            web_site: creditor.web_site.as_ref().map(|t| Line90::new(t.as_str())),
            contact_lines: creditor
                .contact_lines
                .iter()
                .map(|t| Line90::new(t.as_str()))
                .collect(),
            treasurer: creditor.treasurer.clone(),
            stations: creditor.stations.iter().map(station_view).collect(),
            accounts: creditor.accounts.iter().map(account_view).collect(),
            revision: Revision(stored.revision),
        }
    }
}

fn station_view(station: &creditor::Station) -> Station {
    Station {
        station_id: StationCode::new(station.station_id.as_str()),
        broker_tax_code: CreditorTaxCode::new(station.broker_tax_code.as_str()),
        segregation_code: SegregationCode::new(station.segregation_code.as_str()),
        valid_from_date: station.valid.from,
        valid_to_date: station.valid.until,
    }
}

fn account_view(account: &Account) -> CreditorAccount {
    CreditorAccount {
        iban: Iban::new(account.iban.as_str()),
        label: Line70::new(account.label.as_str()),
        valid_from_date: account.valid.from,
        valid_to_date: account.valid.until,
    }
}
