// The MCP SDK for TypeScript: signs in, lists the tools, calls one.
// usage: node typescript_sdk.mjs URL; prints the address to open, reads the code from stdin.
import { createInterface } from "node:readline/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const url = new URL(process.argv[2]);
const kept = {};
const provider = {
  redirectUrl: "http://127.0.0.1:7/callback",
  clientMetadata: {
    client_name: "The TypeScript SDK",
    redirect_uris: ["http://127.0.0.1:7/callback"],
    token_endpoint_auth_method: "none",
    scope: "mcp offline_access",
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client; },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens; },
  saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
  codeVerifier: () => kept.verifier,
  redirectToAuthorization: (target) => console.log(`open ${target}`),
};

async function connected() {
  const client = new Client({ name: "typescript-sdk", version: "1" });
  const transport = new StreamableHTTPClientTransport(url, { authProvider: provider });
  try {
    await client.connect(transport);
  } catch (error) {
    if (error.constructor.name !== "UnauthorizedError") throw error;
    const input = createInterface({ input: process.stdin });
    const { value } = await input[Symbol.asyncIterator]().next();
    input.close();
    await transport.finishAuth(value);
    return connected();
  }
  return client;
}

const client = await connected();
const { tools } = await client.listTools();
const result = await client.callTool({ name: "list_environments", arguments: {} });
console.log(JSON.stringify({ tools: tools.length, scope: kept.tokens.scope, result }));
await client.close();
