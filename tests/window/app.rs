//! Telltale as its user has it: started, looked at and closed through `WebKitWebDriver`.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::SOON;
use crate::common::agent::{NO_NVML, NO_REAL_GPUS};
use crate::common::desktop::at_home;
use crate::common::namespace;
use crate::common::process::Group;
use crate::common::screen::Screen;
use crate::common::until::until;
use crate::common::{built, plant_gpus, root};

/// A home that no other test has. The app keeps its settings there from one start to the next.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    /// The folder that the settings are kept in, made if need be.
    pub(crate) fn settings_folder(&self) -> PathBuf {
        let folder = self.0.path().join("config/dev.telltale.desktop");
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    pub(crate) fn settings_file(&self) -> PathBuf {
        self.settings_folder().join("settings.json")
    }

    /// The simulated driver's script for [`Gpus::Scripted`]. Written beside it and renamed: half a script is a script.
    pub(crate) fn script(&self, text: &str) -> PathBuf {
        let (written, script) = (self.0.path().join("gpus.new"), self.0.path().join("gpus.sim"));
        fs::write(&written, text).unwrap();
        fs::rename(&written, &script).unwrap();
        script
    }

    /// What the app and its driver said.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.0.path().join("log")
    }
}

/// What GPUs the app finds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Gpus {
    /// No library, as on a machine without NVIDIA's driver.
    NoDriver,
    /// Those of a script in tests/nvml-sim/scripts.
    Simulated(&'static str),
    /// Those of the script that [`Home::script`] wrote, and writes anew while the app runs.
    Scripted,
    /// No library, but GPUs of other vendors in a /sys of the app's own, by the names of their trees.
    Kernel(&'static [&'static str]),
}

impl Gpus {
    fn script(self, home: &Home) -> Option<PathBuf> {
        match self {
            Self::NoDriver | Self::Kernel(_) => None,
            Self::Simulated(name) => Some(root().join("tests/nvml-sim/scripts").join(name).with_extension("sim")),
            Self::Scripted => Some(home.0.path().join("gpus.sim")),
        }
    }

    /// The program that starts `WebKitWebDriver`, and so the app, with its arguments before those of the driver.
    fn starter(self, home: &Home) -> Vec<OsString> {
        match self {
            Self::NoDriver | Self::Simulated(_) | Self::Scripted => vec!["WebKitWebDriver".into()],
            Self::Kernel(trees) => {
                const IN_ITS_OWN_SYS: &str = "mount --bind \"$0\" /sys && exec WebKitWebDriver \"$@\"";
                let sys = home.0.path().join("sys");
                fs::create_dir(&sys).unwrap();
                plant_gpus(trees, &sys);
                let mut words: Vec<OsString> =
                    ["unshare", "--mount", "sh", "-c", IN_ITS_OWN_SYS].map(Into::into).into();
                words.push(sys.into());
                words
            }
        }
    }
}

/// What starts the app where a script has mounted something.
fn mounted(script: &str, app: &Path) -> Value {
    let (script, app) = (format!("{script}\nexec \"$0\""), app.to_str().unwrap());
    let arguments = [namespace::options(&["--mount"]), vec!["sh", "-e", "-c", &script, app]].concat();
    json!({ "binary": "/usr/bin/unshare", "args": arguments })
}

/// The running app.
pub(crate) struct App {
    pub(crate) client: Client,
    home: PathBuf,
    _driver: Group,
}

impl App {
    /// Starts the app and waits for its page.
    pub(crate) async fn start(screen: &Screen, home: &Home, gpus: Gpus) -> Self {
        Self::start_with(screen, home, gpus, None, |_| {}).await
    }

    /// Starts it where a script has mounted something, in a namespace of its own, and with what `configure` adds to its
    /// environment. In the script `$HOME` is the home and `$$` the app's own process.
    pub(crate) async fn start_with(
        screen: &Screen,
        home: &Home,
        gpus: Gpus,
        mounts: Option<&str>,
        configure: impl FnOnce(&mut Command),
    ) -> Self {
        let binary = built("telltale");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let starter = gpus.starter(home);
        let mut driver = Group::start(&starter[0], |command| {
            command.args(&starter[1..]).args(["--host=127.0.0.1", &format!("--port={port}")]);
            // The app inherits all this.
            at_home(command, home.0.path(), screen);
            command.env("TAURI_WEBVIEW_AUTOMATION", "true").env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
            command.env("TELLTALE_LOG", "info");
            match gpus.script(home) {
                None => command.env(NO_NVML.0, NO_NVML.1),
                Some(script) => {
                    assert!(script.is_file(), "{} is missing", script.display());
                    command.env("TELLTALE_NVML_LIB", built("libnvml_sim.so")).env("TELLTALE_NVML_SIM", script)
                }
            };
            if !matches!(gpus, Gpus::Kernel(_)) {
                command.envs([NO_REAL_GPUS]);
            }
            configure(command);
            let log = File::options().create(true).append(true).open(home.log()).unwrap();
            command.stdout(log.try_clone().unwrap()).stderr(log);
        });
        until("WebKitWebDriver listens", SOON, async || {
            assert_eq!(driver.ended(), None, "WebKitWebDriver ended; see {}", home.log().display());
            TcpStream::connect(("127.0.0.1", port))
        })
        .await;
        let browser = mounts.map_or_else(|| json!({ "binary": binary, "args": [] }), |script| mounted(script, &binary));
        let options = json!({ "webkitgtk:browserOptions": browser });
        let connected = ClientBuilder::new(HttpConnector::new())
            .capabilities(options.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await;
        let log = home.log();
        let client = connected.unwrap_or_else(|error| panic!("{error}\n{}", fs::read_to_string(&log).unwrap()));
        let app = Self { client, home: home.0.path().to_path_buf(), _driver: driver };
        app.loaded().await;
        app
    }

    /// Ends the app as its window's closing does, and waits until it has.
    pub(crate) async fn close(self) {
        self.client.clone().close().await.unwrap();
        self.ended().await;
    }

    /// Ends it as Ctrl+Q does, and waits until it has.
    pub(crate) async fn quit(self) {
        // It may be gone before the driver has an answer.
        let _ = self.client.execute("window.__TAURI_INTERNALS__.invoke('quit')", vec![]).await;
        self.ended().await;
    }

    /// Waits until the app has ended.
    pub(crate) async fn ended(&self) {
        until("the app has ended", SOON, async || match self.processes() {
            processes if processes.is_empty() => Ok(()),
            processes => Err(processes),
        })
        .await;
    }

    /// The app's processes that run with this home, as folders of /proc.
    pub(crate) fn processes(&self) -> Vec<PathBuf> {
        let binary = built("telltale");
        self.family()
            .into_iter()
            .filter(|process| fs::read_link(process.join("exe")).is_ok_and(|exe| exe == binary))
            .collect()
    }

    /// Every process that runs with this home: the app, the processes of its web view, and the driver.
    pub(crate) fn family(&self) -> Vec<PathBuf> {
        let home = format!("HOME={}", self.home.display());
        let ours = |process: &PathBuf| {
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|entry| entry == home.as_bytes())
        };
        fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()).filter(ours).collect()
    }

    /// The process ids of the app and its web view: of [`App::family`] all but the driver.
    pub(crate) fn without_driver(&self) -> Vec<String> {
        let mut family = self.family();
        let name = |process: &Path| fs::read_to_string(process.join("comm")).unwrap_or_default();
        family.retain(|process| !name(process).starts_with("WebKitWebDriver"));
        family.iter().map(|process| process.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    }

    /// Loads the page anew. It shows what it showed.
    pub(crate) async fn reload(&self) {
        const SHOWN: &str = "return [document.documentElement.dataset.page ?? null,
            document.querySelector('.ranges [aria-pressed=\"true\"]')?.dataset.testid ?? null,
            document.querySelector('[data-testid=\"paused\"]')?.textContent ?? null]";
        let before = self.run(SHOWN).await;
        self.client.refresh().await.unwrap();
        self.loaded().await;
        until("the page shows what it showed", SOON, async || {
            let now = self.run(SHOWN).await;
            if now == before { Ok(()) } else { Err((now, before.clone())) }
        })
        .await;
    }

    async fn loaded(&self) {
        until("the page is there", SOON, async || {
            let state = self.run("return [document.readyState, typeof window.__TAURI_INTERNALS__]").await;
            if state == json!(["complete", "object"]) { Ok(()) } else { Err(state) }
        })
        .await;
    }

    /// Runs a script in the page and returns what it returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.run_with(script, vec![]).await
    }

    pub(crate) async fn run_with(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap_or_else(|error| panic!("{error} in {script}"))
    }

    /// Calls a command as the page does: its result, or its error.
    pub(crate) async fn call(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        const SCRIPT: &str = "const [command, given, done] = arguments;
            window.__TAURI_INTERNALS__.invoke(command, given).then(ok => done({ok}), error => done({error}));";
        let mut answer = self.client.execute_async(SCRIPT, vec![json!(command), arguments]).await.unwrap();
        match answer.as_object_mut().unwrap().remove("error") {
            Some(error) => Err(error),
            None => Ok(answer["ok"].take()),
        }
    }

    /// [`App::call`] for a command that answers.
    pub(crate) async fn ask(&self, command: &str) -> Value {
        self.call(command, json!({})).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// The text of every element that the selector finds.
    pub(crate) async fn texts(&self, selector: &str) -> Vec<String> {
        let texts = self
            .run_with(
                "return Array.from(document.querySelectorAll(arguments[0]), found => found.textContent.trim())",
                vec![json!(selector)],
            )
            .await;
        serde_json::from_value(texts).unwrap()
    }

    /// An attribute of the first element that the selector finds; null without either.
    pub(crate) async fn attribute(&self, selector: &str, name: &str) -> Value {
        let script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? null";
        self.run_with(script, vec![json!(selector), json!(name)]).await
    }

    /// The tick that the page shows now; 0 before its first.
    pub(crate) async fn tick(&self) -> u64 {
        let tick = self.attribute("[data-tick]", "data-tick").await;
        tick.as_str().and_then(|tick| tick.parse().ok()).unwrap_or(0)
    }

    /// Waits until the page shows a tick later than `tick`, and returns it.
    pub(crate) async fn later_tick(&self, tick: u64) -> u64 {
        let what = format!("the page shows a tick after {tick}");
        until(&what, SOON, async || {
            let now = self.tick().await;
            if now > tick { Ok(now) } else { Err(now) }
        })
        .await
    }

    /// Clicks the first element that the selector finds, as soon as there is one.
    pub(crate) async fn click(&self, selector: &str) {
        let what = format!("{selector} can be clicked");
        until(&what, SOON, async || self.client.find(Locator::Css(selector)).await?.click().await).await;
    }

    /// Makes the page exactly so large.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        self.client.set_window_size(width, height).await.unwrap();
        until("the page has its size", SOON, async || {
            let size = self.run("return [innerWidth, innerHeight]").await;
            if size == json!([width, height]) { Ok(()) } else { Err(size) }
        })
        .await;
        // What observes its size hears of it after the layout, before the next frame.
        let drawn = "const [done] = arguments; requestAnimationFrame(() => requestAnimationFrame(() => done()))";
        self.client.execute_async(drawn, vec![]).await.unwrap();
    }

    /// The page as a PNG.
    pub(crate) async fn screenshot(&self) -> Vec<u8> {
        self.client.screenshot().await.unwrap()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the app's log:\n{}", fs::read_to_string(self.home.join("log")).unwrap_or_default());
        }
    }
}
