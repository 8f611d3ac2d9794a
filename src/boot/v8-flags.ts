import { setFlagsFromString } from "node:v8"

/**
 * Turns off V8's pretenuring. While modules load, V8 learns that objects from some allocation sites live long, and then
 * allocates all objects from there in its old generation. A request's short-lived objects from these sites, and all that
 * they reference, stay until a full collection. The cached list reaches 0.75 of bare Express's rate with this flag and 0.65
 * without it (`npm run bench -- --only list`, without a log). Entry points import this before anything else, since the
 * service is started in many ways and Node refuses the flag in NODE_OPTIONS. V8's cached code holds for the same flags only,
 * so the Dockerfile imports it in this place, too.
 */
setFlagsFromString("--no-allocation-site-pretenuring")
