//! The whole programs, tested from outside: one binary, so that tests that load the machine can have it alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod accuracy;
mod agent;
mod common;
mod doctor;
mod drm;
mod faults;
mod gpu;
mod packages;
mod security;
mod tidy;
mod tray;
mod window;
