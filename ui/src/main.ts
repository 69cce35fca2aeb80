// Where the page begins. The locale comes first: uPlot formats with it as soon as it is loaded.
import "./base/locale";
import "./theme.css";
import { mount } from "svelte";
import { connect } from "./host/connect";
import { Monitor } from "./store/monitor.svelte";

/** How long the core may take to answer, in ms. Then a page without figures is shown, which takes as long to build as one with them. */
const PATIENCE = 100;

const target = document.getElementById("app");
if (target) {
	const loading = import("./app/App.svelte");
	const monitor = new Monitor(await connect());
	const answered = monitor.start();
	const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE));
	const [{ default: App }] = await Promise.all([loading, Promise.race([answered, patience])]);
	mount(App, { target, props: { monitor } });
}
