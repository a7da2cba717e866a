import { render } from "preact";

render(<h1>百应</h1>, document.getElementById("page")!);
