// What one does with the window, in Chinese.
import type { ActMessages } from "./en";

export const zhActs: ActMessages = {
	pausedAt: (time) => `自 ${time} 起暂停`,
	unzoom: "取消缩放",
	summary: (name, now, min, mean, max) => `${name}：当前 ${now}，最小 ${min}，平均 ${mean}，最大 ${max}。`,
	summaryAt: (name, time, value, min, mean, max) =>
		`${name}：${time} 时 ${value}，最小 ${min}，平均 ${mean}，最大 ${max}。`,
	chartKeys:
		"方向键移动十字光标，Page Up 和 Page Down 键移动范围的十分之一，Home 和 End 键移到其两端；Esc 键将其移除；加号和减号键可缩放。",

	copy: "复制数据",
	saveAs: "另存为…",
	copied: "已复制",
	notCopied: "无法写入剪贴板",
	save: "保存",
	saveHelp: "根据文件扩展名，将可见时间范围保存为 CSV 或 JSON，或将图表保存为 PNG（Ctrl+S）。",
	saving: "正在保存…",
	saved: (path) => `已保存：${path}`,
	notSaved: (why) => `未保存：${why}`,
	saveCancelled: "已取消保存：未更改任何文件",
	cancel: "取消",

	quit: "退出 Telltale",
	quitHelp: "同时结束记录和托盘图标，最近一小时的历史将丢失（Ctrl+Q）。",
};
