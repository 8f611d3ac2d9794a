import { setFlagsFromString } from "node:v8"

/**
 * V8 notes where objects are made that live long, and makes the next ones from there in its old generation at once. It learns
 * that while modules load, when all that is made stays, and then makes what a request needs for a moment there, too,
 * where only full collections find it, with all that it names. Without that the cached list has 0.75 of bare Express's rate
 * and not 0.65 (`npm run bench -- --only list`, without a log). Entry points import this before anything else, since the
 * service is started in many ways and Node refuses the flag in NODE_OPTIONS.
 */
setFlagsFromString("--no-allocation-site-pretenuring")
