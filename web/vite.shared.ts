import { defaultClientConditions } from "vite";

/** The packages here are taken from their sources, not from what was last emitted for others. */
export const resolve = { conditions: ["@notifications/source", ...defaultClientConditions] };
