// A mail server for tests: takes messages and keeps them, and misbehaves when told to.
//
//   node smtp.js '{"port":…,"control":…,"tls":"none|starttls|implicit","key":file,"cert":file,"login":{"user":…,"password":…}}'
//
// Control is HTTP:  GET /  what came       POST /behave {"mail":…,"rcpt":…,"data":…,"connect":…,"greylist":true,"times":n}      POST /close
// GET /count says how many messages came, of how many bytes together, and how many milliseconds lie between the first and the last.
// A behaviour is {"code":450,"text":"…"} to refuse, "stall" to answer no more, "drop" to cut the connection; for data "dropAfter" keeps the message
// and cuts the connection in place of the answer. It holds for as many uses as "times" says, else until another one is told.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { SMTPServer } from "smtp-server";

const options = JSON.parse(process.argv[2]);
const messages = [];
const greylisted = new Set();
let connections = 0;
let first = 0;
let last = 0;
let bytes = 0;
let behaviour = {};

/** What to do at a stage, if anything but the usual. */
function next(stage) {
  const what = behaviour[stage];
  if (what === undefined) {
    return undefined;
  }
  if (behaviour.times !== undefined && --behaviour.times <= 0) {
    behaviour = {};
  }
  return what;
}

function drop(session) {
  for (const connection of server.connections) {
    if (connection.id === session.id) {
      connection._socket.destroy();
    }
  }
}

/** Refuses, stalls or cuts; false where nothing of that is to be done. */
function misbehave(stage, session, callback) {
  const what = next(stage);
  if (what === undefined) {
    return false;
  }
  if (what === "drop") {
    drop(session);
  } else if (what !== "stall") {
    callback(refusal(what.code, what.text));
  }
  return true;
}

function refusal(code, text) {
  return Object.assign(new Error(text), { responseCode: code });
}

const server = new SMTPServer({
  secure: options.tls === "implicit",
  ...(options.key ? { key: readFileSync(options.key), cert: readFileSync(options.cert) } : {}),
  hideSTARTTLS: options.tls !== "starttls",
  disabledCommands: [...(options.tls === "starttls" ? [] : ["STARTTLS"]), ...(options.login ? [] : ["AUTH"])],
  authOptional: true,
  allowInsecureAuth: true,
  disableReverseLookup: true,
  socketTimeout: 600_000,
  closeTimeout: 100,
  onConnect(session, callback) {
    connections++;
    misbehave("connect", session, callback) || callback();
  },
  onAuth(auth, session, callback) {
    if (auth.username === options.login.user && auth.password === options.login.password) {
      callback(null, { user: auth.username });
    } else {
      callback(refusal(535, "5.7.8 Authentication credentials invalid"));
    }
  },
  onMailFrom(address, session, callback) {
    if (misbehave("mail", session, callback)) {
      return;
    }
    if (options.tls === "starttls" && !session.secure) {
      callback(refusal(530, "5.7.0 Must issue a STARTTLS command first"));
    } else if (options.login && !session.user) {
      callback(refusal(530, "5.7.0 Authentication required"));
    } else {
      callback();
    }
  },
  onRcptTo(address, session, callback) {
    if (misbehave("rcpt", session, callback)) {
      return;
    }
    const pair = `${session.envelope.mailFrom.address} ${address.address}`;
    if (behaviour.greylist && !greylisted.has(pair)) {
      greylisted.add(pair);
      callback(refusal(450, "4.2.0 Greylisted, please try again"));
    } else {
      callback();
    }
  },
  onData(stream, session, callback) {
    const what = next("data");
    if (what === "drop") {
      stream.once("data", () => drop(session)).resume();
      return;
    }
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => {
      if (what?.code) {
        callback(refusal(what.code, what.text));
        return;
      }
      last = performance.now();
      first ||= last;
      bytes += chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      messages.push({
        from: session.envelope.mailFrom.address,
        to: session.envelope.rcptTo.map((recipient) => recipient.address),
        secure: session.secure,
        user: session.user ?? null,
        connection: session.id,
        raw: Buffer.concat(chunks).toString("base64"),
      });
      if (what === "dropAfter") {
        drop(session);
      } else if (what !== "stall") {
        callback(null, "2.0.0 Taken");
      }
    });
  },
});
server.on("error", () => {}); // A client that went away.

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  if (request.url === "/behave") {
    behaviour = JSON.parse(Buffer.concat(chunks).toString());
  } else if (request.url === "/close") {
    for (const connection of server.connections) {
      connection._socket.destroy();
    }
  }
  response.setHeader("Content-Type", "application/json");
  const count = { count: messages.length, bytes, milliseconds: last - first };
  response.end(JSON.stringify(request.url === "/count" ? count : { messages, connections, open: server.connections.size }));
}).listen(options.control, "127.0.0.1", () => server.listen(options.port, "127.0.0.1"));
