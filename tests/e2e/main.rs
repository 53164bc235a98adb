//! Both programs, for real: the engine and the mocked gateway meet on the wire only, as in a town hall.
//! Every story ends with the engine's own audit.

#[cfg(test)]
mod crash;
#[cfg(test)]
#[path = "../it/database.rs"]
#[expect(
    dead_code,
    reason = "these stories look at databases through the engine only"
)]
mod database;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod large;
#[cfg(test)]
#[path = "../it/laws.rs"]
mod laws;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod stories;
#[cfg(test)]
#[path = "../it/xsd.rs"]
mod xsd;
