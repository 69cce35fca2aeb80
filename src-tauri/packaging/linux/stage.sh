#!/bin/sh
# Lays out under target/package what the packages hold beside the app itself; tauri.linux.conf.json takes it from there.
# The tauri CLI runs it before it bundles, with both programs, both libraries and telltale-pages built (`make package` says how).
set -eu
umask 022
cd "$(dirname "$0")/../../.."
case ${TAURI_ENV_DEBUG:-false} in true) built=target/debug ;; *) built=target/release ;; esac
for file in telltale-agent telltale-pages libtelltale_egl.so libtelltale_speech.so; do
	[ -f "$built/$file" ] || { echo "$built/$file is missing: use make package" >&2; exit 1; }
done

rm -rf target/package
put() { install -D -m "$1" "$2" "target/package/usr/$3"; }
put 755 "$built/telltale-agent" bin/telltale-agent
put 644 "$built/libtelltale_egl.so" lib/telltale/libtelltale_egl.so
put 644 "$built/libtelltale_speech.so" lib/telltale/libtelltale_speech.so
put 644 src-tauri/egl/telltale_egl.json lib/telltale/telltale_egl.json
put 644 src-tauri/packaging/linux/dev.telltale.desktop.metainfo.xml share/metainfo/dev.telltale.desktop.metainfo.xml
put 644 src-tauri/packaging/linux/telltale-agent.service lib/systemd/user/telltale-agent.service
put 644 src-tauri/packaging/linux/copyright share/doc/telltale/copyright
put 644 icons/telltale.svg share/icons/hicolor/scalable/apps/telltale.svg
put 644 icons/telltale-symbolic.svg share/icons/hicolor/symbolic/apps/telltale-symbolic.svg
"$built/telltale-pages" target/package
gzip --best --no-name target/package/usr/share/man/man1/* target/package/usr/share/doc/telltale/THIRD-PARTY
