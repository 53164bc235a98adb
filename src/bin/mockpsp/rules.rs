//! The node's own rules: what it refuses before it calls a creditor, which station it calls,
//! which accounts it accepts, who receives a receipt.

use crate::answers::{Answer, CallError};
use crate::messages::Door;
use crate::node::Fault;
use crate::payments::Notice;
use crate::state::{Creditor, Payment, State, Station, Status};

/// The station that answers for the notice, then every broadcast station of the creditors in
/// the transfer list; without those that have answered.
pub(crate) fn recipients(state: &State, payment: &Payment) -> Vec<Door> {
    let activation = &payment.activation;
    let notice = Notice {
        creditor: activation.creditor.clone(),
        number: activation.notice_number.clone(),
    };
    let mut doors: Vec<Door> = door(state, &notice).into_iter().collect();
    for transfer in &activation.transfers {
        let Some(creditor) = state.creditors.get(&transfer.org) else {
            continue;
        };
        for station in creditor.stations.iter().filter(|station| station.broadcast) {
            let copy = door_of(&transfer.org, creditor, station);
            if !doors.iter().any(|known| known.name() == copy.name()) {
                doors.push(copy);
            }
        }
    }
    doors.retain(|door| !payment.answered.contains(&door.name()));
    doors
}

/// The node's own rules before it calls the creditor.
pub(crate) fn gate(state: &State, notice: &Notice) -> Result<(), Fault> {
    let statuses = || {
        let tokens = state.tokens_of(&notice.creditor, &notice.number).iter();
        tokens
            .filter_map(|index| state.payment(*index))
            .map(|payment| payment.status)
    };
    if statuses().any(|status| status == Status::Paid) {
        return Err(Fault::ppt("PPT_PAGAMENTO_DUPLICATO", "the notice is paid"));
    }
    if statuses().any(|status| status == Status::Open) {
        return Err(in_progress());
    }
    Ok(())
}

pub(crate) fn in_progress() -> Fault {
    Fault::ppt(
        "PPT_PAGAMENTO_IN_CORSO",
        "a payment of this notice is in progress",
    )
}

/// The station with the notice's segregation code (digits 2 and 3).
pub(crate) fn door(state: &State, notice: &Notice) -> Result<Door, Fault> {
    let unknown = || {
        Fault::ppt(
            "PPT_DOMINIO_SCONOSCIUTO",
            "the creditor is not registered here",
        )
    };
    let creditor = state.creditors.get(&notice.creditor).ok_or_else(unknown)?;
    let code = notice.number.get(1..3).unwrap_or_default();
    let station = creditor
        .stations
        .iter()
        .find(|station| station.segregation_code == code)
        .ok_or_else(|| {
            Fault::ppt(
                "PPT_STAZIONE_INT_PA_SCONOSCIUTA",
                format!("no station of the creditor has segregation code {code}"),
            )
        })?;
    Ok(door_of(&notice.creditor, creditor, station))
}

/// The door of a station.
pub(crate) fn door_of(org: &str, creditor: &Creditor, station: &Station) -> Door {
    Door {
        org: org.to_owned(),
        broker: creditor.broker_tax_code.clone(),
        station: station.station_id.clone(),
        url: station.url.clone(),
        version: station.version,
    }
}

/// Accounts must be on the platform. A beneficiary that was never registered here is taken as
/// known with any account.
pub(crate) fn known_accounts(state: &State, answer: &Answer) -> Result<(), CallError> {
    for transfer in &answer.transfers {
        let Some(owner) = state.creditors.get(&transfer.org) else {
            continue;
        };
        if transfer.stamp.is_none()
            && !owner.ibans.is_empty()
            && !owner.ibans.contains(&transfer.iban)
        {
            let what = format!(
                "account {} is not registered for {}",
                transfer.iban, transfer.org
            );
            return Err(CallError::Malformed(what));
        }
    }
    Ok(())
}
