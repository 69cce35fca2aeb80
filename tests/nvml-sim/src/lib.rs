//! A simulated libnvidia-ml.so: it answers as NVIDIA's does for 0–8 devices that a small text file describes, so that
//! every state and fault of a driver can be made on a machine without one. README.md has the format.

pub mod calls;
mod exports;
mod figures;
pub mod script;
mod sim;
pub mod tables;
