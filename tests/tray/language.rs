//! The tray and the save dialog in the language of the user's environment.

use std::process::Command;

use super::figures::GPUS;
use crate::common::among_others;
use crate::common::desktop::{Desktop, SOON};
use crate::common::panel::Panel;
use crate::common::until::until_sync;

#[test]
fn in_a_german_session_they_speak_german() {
    let _turn = among_others();
    let desktop = Desktop::with_gpus(GPUS);
    let panel = Panel::open(&desktop.screen);
    let _app = desktop.start_with(&["--hidden"], |command| {
        command.env_remove("LC_ALL").env_remove("LC_MESSAGES").env("LANG", "de_DE.UTF-8");
        command.env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
    });
    desktop.await_tray(&panel);
    let labels = || panel.labels().into_iter().map(|(_, label)| label).collect::<Vec<_>>();
    until_sync("every line is in German, with a decimal comma", SOON, || {
        let labels = labels();
        let [gpu_a, gpu_b, cpu, memory, disk, network, open, pause, settings, own, quit] = &labels[..] else {
            return Err(labels);
        };
        let starts = [
            (gpu_a, "GPU 0  87 %  71 °C  212 W"),
            (gpu_b, "GPU 1  3 %  40 °C  –"),
            (cpu, "CPU  "),
            (memory, "Speicher  "),
            (disk, "Datenträger  L "),
            (network, "Netzwerk  ↓ "),
            (open, "Telltale öffnen"),
            (pause, "Anhalten"),
            (settings, "Einstellungen …"),
            (own, "Telltale  "),
            (quit, "Beenden"),
        ];
        let german = starts.iter().all(|(line, start)| line.starts_with(start))
            && disk.contains("  S ")
            && memory.contains(',')
            && own.contains(" % eines Kerns, ")
            && labels.iter().all(|line| !line.contains('.'));
        if german { Ok(()) } else { Err(labels) }
    });
    panel.click("Anhalten");
    until_sync("it is paused in German", SOON, || {
        let (title, labels) = (panel.title(), labels());
        if title.starts_with("Angehalten: ") && labels.contains(&"Fortsetzen".to_owned()) {
            Ok(())
        } else {
            Err((title, labels))
        }
    });

    panel.click("Telltale öffnen");
    desktop.await_window(true);
    desktop.await_report("itself", 0, |_| true);
    let xdotool = |arguments: &[&str]| {
        let output = Command::new("xdotool").args(arguments).env("DISPLAY", desktop.display()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    until_sync("the dialog has a German title", SOON, || {
        xdotool(&["key", "ctrl+s"]);
        let found = xdotool(&["search", "--onlyvisible", "--name", "^Datei speichern$"]);
        if found.is_empty() { Err(desktop.log()) } else { Ok(()) }
    });
}
