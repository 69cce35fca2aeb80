//! What a page that went wrong tries, in the real web view: each attempt is refused, and the app goes on.

use std::io::Read as _;
use std::net::TcpListener;

use serde_json::{Value, json};

use super::app::{App, Gpus, Home};
use crate::common::screen::Screen;

/// Things that the content security policy refuses, each with what became of it, and the refusals as the page hears of them.
const ATTEMPTS: &str = "
    const [port, done] = arguments;
    const refused = [];
    document.addEventListener('securitypolicyviolation', event => refused.push(event.effectiveDirective));
    window.ran = [];
    const script = document.createElement('script');
    script.textContent = 'window.ran.push(\"inline\")';
    document.body.append(script);
    const button = document.createElement('button');
    button.setAttribute('onclick', 'window.ran.push(\"attribute\")');
    button.click();
    const image = new Image();
    const picture = new Promise(settled => { image.onload = () => settled('loaded'); image.onerror = () => settled('refused'); });
    image.src = `http://127.0.0.1:${port}/picture.png`;
    const remote = document.createElement('script');
    const foreign = new Promise(settled => { remote.onload = () => settled('loaded'); remote.onerror = () => settled('refused'); });
    remote.src = `http://127.0.0.1:${port}/script.js`;
    document.body.append(remote);
    const timer = new Promise(settled => {
        try { setTimeout('window.ran.push(\"timer\")', 0); } catch {}
        setTimeout(() => settled(window.ran), 200);
    });
    const form = document.createElement('form');
    form.action = `http://127.0.0.1:${port}/form`;
    document.body.append(form);
    form.submit();
    const base = document.createElement('base');
    base.href = `http://127.0.0.1:${port}/`;
    document.head.append(base);
    const inside = document.createElement('iframe');
    inside.src = `http://127.0.0.1:${port}/inside`;
    document.body.append(inside);
    const fetched = fetch(`http://127.0.0.1:${port}/`).then(() => 'loaded', () => 'refused');
    Promise.all([fetched, picture, foreign, timer]).then(([fetched, picture, foreign, ran]) =>
        done({ fetched, picture, foreign, ran, refused, base: document.baseURI }));";

#[test]
fn the_content_security_policy_refuses_what_is_not_the_pages_own() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        // Somebody listens, so that only a refusal keeps the page from it.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let became = app.client.execute_async(ATTEMPTS, vec![json!(port)]).await.unwrap();
        for attempt in ["fetched", "picture", "foreign"] {
            assert_eq!(became[attempt], "refused", "{attempt}: {became:#}");
        }
        assert_eq!(became["ran"], json!([]), "no inline script, no handler in an attribute, no text as code");
        let refused: Vec<_> = became["refused"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for directive in
            ["script-src-elem", "script-src-attr", "connect-src", "img-src", "form-action", "base-uri", "frame-src"]
        {
            assert!(refused.contains(&directive), "{directive} is not among {refused:?}");
        }
        assert!(became["base"].as_str().unwrap().starts_with("tauri://localhost"), "{became:#}");
        assert!(listener.accept().is_err(), "nobody knocked");
        let evaluated = app.run("try { return [(0, eval)('6 * 7')] } catch (error) { return error.name }").await;
        assert_eq!(evaluated, "EvalError");
        app.close().await;
    });
}

/// Commands of Tauri and of its plugins, and one that there is not, with arguments that each would take.
const COMMANDS: [(&str, &str); 15] = [
    ("no_such_command", "{}"),
    ("plugin:event|emit", r#"{"event": "system/all", "payload": {}}"#),
    ("plugin:event|emit_to", r#"{"target": {"kind": "Any"}, "event": "system/all", "payload": {}}"#),
    ("plugin:fs|read_text_file", r#"{"path": "/etc/passwd"}"#),
    ("plugin:shell|execute", r#"{"program": "true", "args": [], "options": {}}"#),
    ("plugin:http|fetch", r#"{"clientConfig": {"method": "GET", "url": "http://127.0.0.1/"}}"#),
    ("plugin:dialog|open", r#"{"options": {}}"#),
    ("plugin:dialog|message", r#"{"message": "x"}"#),
    ("plugin:store|load", r#"{"path": "settings.json"}"#),
    ("plugin:window|close", r#"{"label": "main"}"#),
    ("plugin:window|create", r#"{"options": {"label": "second"}}"#),
    ("plugin:webview|create_webview_window", r#"{"options": {"label": "second", "url": "https://example.org"}}"#),
    ("plugin:webview|internal_toggle_devtools", "{}"),
    ("plugin:path|resolve_directory", r#"{"directory": 1}"#),
    ("plugin:resources|close", r#"{"rid": 0}"#),
];

#[test]
fn commands_that_were_not_granted_are_refused_and_no_event_can_be_forged() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        app.later_tick(0).await;
        for (command, arguments) in COMMANDS {
            let arguments: Value = serde_json::from_str(arguments).unwrap();
            let refusal = app.call(command, arguments).await.expect_err(command).to_string();
            let words = ["not allowed", "not found", "Plugin"];
            assert!(words.iter().any(|word| refusal.contains(word)), "{command}: {refusal}");
        }
        let globals =
            "return [typeof window.__TAURI__, Object.isFrozen(Object.prototype), Object.isFrozen(Array.prototype)]";
        assert_eq!(app.run(globals).await, json!(["undefined", true, false]));
        app.later_tick(app.tick().await).await; // and the page goes on
        app.close().await;
    });
}

/// What each visitor said so far. `WebKit` opens a connection before it asks whether it may navigate, and then says nothing.
fn heard(listener: &TcpListener) -> Vec<String> {
    let mut all = Vec::new();
    while let Ok((mut visitor, _)) = listener.accept() {
        visitor.set_read_timeout(Some(std::time::Duration::from_secs(2))).unwrap();
        let mut said = Vec::new();
        let _ = visitor.read_to_end(&mut said); // it ends when the visitor goes, or says nothing for long enough
        all.push(String::from_utf8_lossy(&said).into_owned());
    }
    eprintln!("{} visitors: {all:?}", all.len());
    all
}

#[test]
fn the_window_goes_nowhere_else_and_opens_no_other() {
    super::test(async || {
        let (screen, home) = (Screen::open(), Home::new());
        let app = App::start(&screen, &home, Gpus::NoDriver).await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let here = app.run("return location.origin + location.pathname").await;
        for there in [
            format!("http://127.0.0.1:{port}/"),
            "file:///etc/passwd".into(),
            "data:text/html,<h1>elsewhere</h1>".into(),
            "https://tauri.localhost.example.org/".into(),
        ] {
            app.run_with("location.href = arguments[0]", vec![json!(there)]).await;
            // Whatever becomes of it has become of it when the page has shown another tick.
            app.later_tick(app.tick().await).await;
            assert_eq!(app.run("return location.origin + location.pathname").await, here, "{there}");
            let opened = "const open = window.open(arguments[0], '_blank'); return open === null";
            assert_eq!(app.run_with(opened, vec![json!(there)]).await, true, "{there}");
        }
        let link = "const link = document.createElement('a'); link.target = '_blank'; link.href = arguments[0];
            document.body.append(link); link.click();";
        app.run_with(link, vec![json!(format!("http://127.0.0.1:{port}/linked"))]).await;
        app.later_tick(app.tick().await).await;
        assert_eq!(app.client.windows().await.unwrap().len(), 1, "no second window");
        for said in heard(&listener) {
            assert_eq!(said, "", "a request was sent");
        }
        app.close().await;
    });
}
