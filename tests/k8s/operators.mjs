// Holds the resources of operators in a stream of manifests against the schemas of their packages. The schemas say what a field
// must be, not that there is no other; so each field is also given values of every type: one that takes them all is unknown.
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import { Cluster } from "@kubernetes-models/cloudnative-pg/postgresql.cnpg.io/v1/Cluster";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";

const KINDS = { Cluster, PrometheusRule, ServiceMonitor };
const NONSENSE = [12.5, "\u2318", true, [[]], { "\u2318": [[]] }];

const wrong = (kind, document) => {
  try {
    new kind(document).validate();
    return undefined;
  } catch (error) {
    return error.message;
  }
};

function* places(value, path = []) {
  if (path.length > 0) yield path;
  if (value === null || typeof value !== "object") return;
  for (const key of Object.keys(value)) yield* places(value[key], [...path, key]);
}

const put = (document, path, value) => {
  const copy = structuredClone(document);
  const last = path.at(-1);
  path.slice(0, -1).reduce((at, key) => at[key], copy)[last] = value;
  return copy;
};

const isUnknown = (kind, document, path) => NONSENSE.every((value) => wrong(kind, put(document, path, value)) === undefined);

let checked = 0;
const found = [];
for (const document of parseAllDocuments(readFileSync(0, "utf8")).map((one) => one.toJS())) {
  const kind = KINDS[document?.kind];
  if (!kind) continue;
  checked += 1;
  const name = `${document.kind}/${document.metadata.name}`;
  const error = wrong(kind, document);
  if (error) found.push(`${name}: ${error}`);
  for (const path of places(document.spec)) {
    if (isUnknown(kind, document, ["spec", ...path])) found.push(`${name}: unknown field spec.${path.join(".")}`);
  }
}
for (const line of found) console.error(line);
console.log(checked);
process.exit(found.length > 0 ? 1 : 0);
