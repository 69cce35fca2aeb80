//! The app on a desktop: its tray, its window's life and its own, as the desktop and its user see them.

pub(crate) mod figures;
mod instance;
mod language;
mod life;
mod light;
mod page;
mod program;
