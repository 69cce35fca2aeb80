//! A hand on the keyboard and one on the mouse: what the driver passes to the window as if a person had done it.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::key::Key;
use serde_json::{Value, json};

use super::SOON;
use super::app::App;
use crate::common::until::until;

impl App {
    /// Presses keys together and lets go of them: `Tab`, `Shift+Tab`, `Control+,`, `5`.
    pub(crate) async fn press(&self, keys: &str) {
        let keys: Vec<char> = keys.split('+').map(code).collect();
        let mut actions = KeyActions::new("keyboard".into());
        for &value in &keys {
            actions = actions.then(KeyAction::Down { value });
        }
        for &value in keys.iter().rev() {
            actions = actions.then(KeyAction::Up { value });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Moves the pointer to a place in the page.
    pub(crate) async fn point(&self, (x, y): (f64, f64)) {
        let actions = MouseActions::new("mouse".into()).then(to((x, y)));
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Drags from one place to another.
    pub(crate) async fn drag(&self, from: (f64, f64), end: (f64, f64)) {
        let middle = (f64::midpoint(from.0, end.0), f64::midpoint(from.1, end.1));
        let actions = MouseActions::new("mouse".into())
            .then(to(from))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(to(middle))
            .then(to(end))
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Clicks twice at one place, as fast as a double click is.
    pub(crate) async fn double_click(&self, at: (f64, f64)) {
        let mut actions = MouseActions::new("mouse".into()).then(to(at));
        for _ in 0..2 {
            actions = actions
                .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
                .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Opens the first page of a kind from the rail: `cpu`, `gpu/`. False where this machine has none.
    pub(crate) async fn open(&self, page: &str) -> bool {
        if page == "settings" {
            // A page that has loaded may wait for its first figures before it shows anything, and takes no keys until then.
            until("the window takes keys", SOON, async || {
                let shown = self.attribute("html", "data-page").await;
                if shown.is_string() { Ok(()) } else { Err(shown) }
            })
            .await;
            self.run("dispatchEvent(new KeyboardEvent('keydown', { key: ',', ctrlKey: true }))").await;
        } else {
            const SCRIPT: &str = "
                const found = document.querySelector(`.rail [data-page^=\"${arguments[0]}\"]`);
                found?.click();
                return found !== null;";
            until("the rail is there", SOON, async || {
                let entries = self.run("return document.querySelectorAll('.rail [data-page]').length").await;
                if entries.as_u64() > Some(2) { Ok(()) } else { Err(entries) }
            })
            .await;
            if page.starts_with("gpu/") {
                self.knows_of_gpus().await;
            }
            if self.run_with(SCRIPT, vec![json!(page)]).await == json!(false) {
                eprintln!("there is no {page} on this machine to look at");
                return false;
            }
        }
        until(&format!("{page} is open"), SOON, async || {
            let now = self.attribute("html", "data-page").await;
            if now.as_str().is_some_and(|now| now.starts_with(page)) { Ok(()) } else { Err(now) }
        })
        .await;
        true
    }

    /// Waits until it is known whether there is a GPU, and the rail has it then.
    pub(crate) async fn knows_of_gpus(&self) {
        until("it is known whether there is a GPU", SOON, async || {
            let metrics = self.ask("get_current_metrics").await;
            let (has, why) = (metrics["gpu"][0].is_object(), self.ask("get_system_info").await["gpu_missing"].take());
            let shown = self.run("return document.querySelector('.rail [data-page^=\"gpu/\"]') !== null").await;
            let is_known = if has { shown == true } else { why.is_object() };
            if is_known { Ok(()) } else { Err((why, shown)) }
        })
        .await;
    }

    /// Presses the button that stops the charts, or lets them go on, and waits until the window says so.
    pub(crate) async fn pause(&self, on: bool) {
        self.click("[data-testid=\"pause\"]").await;
        self.paused(on).await;
    }

    /// Waits until the window says that it is paused, or does not.
    pub(crate) async fn paused(&self, on: bool) {
        let said = "return document.querySelector('[data-testid=\"paused\"]').textContent";
        self.shows(&format!("paused is {on}"), said, |said| (*said != "") == on).await;
    }

    /// Waits until a script returns what is wanted.
    pub(crate) async fn shows(&self, what: &str, script: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        until(what, SOON, async || {
            let value = self.run(script).await;
            if wanted(&value) { Ok(value) } else { Err(value) }
        })
        .await
    }
}

fn to((x, y): (f64, f64)) -> PointerAction {
    PointerAction::MoveTo { duration: None, x, y }
}

fn code(key: &str) -> char {
    match key {
        "Tab" => Key::Tab.into(),
        "Shift" => Key::Shift.into(),
        "Control" => Key::Control.into(),
        "Enter" => Key::Enter.into(),
        "Escape" => Key::Escape.into(),
        "Backspace" => Key::Backspace.into(),
        "ArrowUp" => Key::Up.into(),
        "ArrowDown" => Key::Down.into(),
        "ArrowLeft" => Key::Left.into(),
        "ArrowRight" => Key::Right.into(),
        "Home" => Key::Home.into(),
        "End" => Key::End.into(),
        "PageUp" => Key::PageUp.into(),
        "PageDown" => Key::PageDown.into(),
        "Space" => ' ',
        one => {
            let mut chars = one.chars();
            let (first, rest) = (chars.next(), chars.next());
            assert!(rest.is_none(), "{one} is not a key");
            first.unwrap()
        }
    }
}
