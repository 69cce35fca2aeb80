// What one does with the window, in Japanese.
import type { ActMessages } from "./en";

export const jaActs: ActMessages = {
	pausedAt: (time) => `${time} から一時停止中`,
	unzoom: "ズームを解除",
	summary: (name, now, min, mean, max) => `${name}: 現在 ${now}、最小 ${min}、平均 ${mean}、最大 ${max}。`,
	summaryAt: (name, time, value, min, mean, max) =>
		`${name}: ${time} に ${value}、最小 ${min}、平均 ${mean}、最大 ${max}。`,
	chartKeys:
		"矢印キーで十字カーソルを移動し、Page Up と Page Down キーで表示範囲の 10 分の 1 ずつ、Home と End キーで両端へ移動します。Esc キーで消去し、プラスとマイナスのキーで拡大・縮小します。",

	copy: "数値をコピー",
	saveAs: "名前を付けて保存…",
	copied: "コピーしました",
	notCopied: "クリップボードにコピーできませんでした",
	save: "保存",
	saveHelp: "ファイル名の拡張子に応じて、表示範囲を CSV か JSON、またはグラフを PNG で保存します (Ctrl+S)。",
	saving: "保存中…",
	saved: (path) => `保存しました: ${path}`,
	notSaved: (why) => `保存できませんでした: ${why}`,
	saveCancelled: "保存を中止しました。ファイルは変更されていません",
	cancel: "キャンセル",

	quit: "Telltale を終了",
	quitHelp: "記録とトレイのアイコンも終了し、直近 1 時間の履歴は失われます (Ctrl+Q)。",
};
