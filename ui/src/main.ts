// Where the page begins. The locale comes first: uPlot formats with it as soon as it is loaded.
import "./base/locale";
import "./theme.css";
import { mount } from "svelte";
import { connect } from "./host/host";

const target = document.getElementById("app");
if (target) {
	const [{ default: App }, host] = await Promise.all([import("./app/App.svelte"), connect()]);
	mount(App, { target, props: { host } });
}
