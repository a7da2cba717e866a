// What socket.io's own chat example does: whatever one client says, all hear.
import { Server } from "socket.io";
import { createServer } from "node:http";

const http = createServer();
const io = new Server(http, { transports: ["websocket"] });
io.on("connection", (socket) => socket.on("m", (words) => io.emit("m", words)));
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
