import { readdirSync } from "node:fs"
import * as keda from "@kubernetes-models/keda/keda.sh/v1alpha1"
import * as apps from "kubernetes-models/apps/v1"
import * as batch from "kubernetes-models/batch/v1"
import * as networking from "kubernetes-models/networking.k8s.io/v1"
import * as policy from "kubernetes-models/policy/v1"
import * as core from "kubernetes-models/v1"
import { expect, test } from "vitest"
import { z } from "zod"
import { ROOT, readAsProduction, readYaml } from "./kit.ts"

const FOLDER = "deploy/kubernetes"

/** By API version and kind: what checks a manifest against Kubernetes' own or KEDA's schema. */
const KINDS: Record<string, new (manifest: never) => { validate(): void }> = {
  "v1 ConfigMap": core.ConfigMap,
  "v1 Namespace": core.Namespace,
  "v1 Secret": core.Secret,
  "v1 Service": core.Service,
  "apps/v1 Deployment": apps.Deployment,
  "batch/v1 Job": batch.Job,
  "networking.k8s.io/v1 Ingress": networking.Ingress,
  "networking.k8s.io/v1 NetworkPolicy": networking.NetworkPolicy,
  "policy/v1 PodDisruptionBudget": policy.PodDisruptionBudget,
  "keda.sh/v1alpha1 ScaledObject": keda.ScaledObject,
  "keda.sh/v1alpha1 TriggerAuthentication": keda.TriggerAuthentication,
}

const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
})

const Workload = z.object({
  spec: z.object({
    replicas: z.number().optional(),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        terminationGracePeriodSeconds: z.number().optional(),
        securityContext: z.object({ runAsNonRoot: z.literal(true) }).loose(),
        containers: z.tuple([
          z.looseObject({
            command: z.tuple([z.literal("node"), z.string()]),
            securityContext: z.looseObject({
              allowPrivilegeEscalation: z.literal(false),
              readOnlyRootFilesystem: z.literal(true),
            }),
            resources: z.object({ requests: z.object(), limits: z.object() }),
          }),
        ]),
      }),
    }),
  }),
})

const files = readdirSync(`${ROOT}/${FOLDER}`).filter((name) => name !== "kustomization.yaml")
const manifests = files.flatMap((name) => readYaml(`${FOLDER}/${name}`).map((each) => Manifest.parse(each)))
const find = (kind: string, name: string) =>
  manifests.find((each) => each.kind === kind && each.metadata.name === name)

test.each(manifests.map((each) => [`${each.apiVersion} ${each.kind}`, each.metadata.name, each] as const))(
  "%s %s keeps to its schema",
  (kind, _name, manifest) => {
    const Kind = KINDS[kind]
    if (!Kind) throw new Error(`no schema for ${kind}`)
    new Kind(manifest as never).validate()
  },
)

test("a manifest with a fault doesn't pass", () => {
  const broken = { ...find("Deployment", "api"), spec: { replicas: "two" } }
  expect(() => new apps.Deployment(broken as never).validate()).toThrow()
})

test("kustomization.yaml names every file that isn't an example", () => {
  const { resources } = z
    .looseObject({ resources: z.array(z.string()) })
    .parse(readYaml(`${FOLDER}/kustomization.yaml`)[0])
  expect(resources.toSorted()).toEqual(files.filter((name) => !name.includes(".example.")).toSorted())
})

test("workloads run without rights and have the time that an orderly stop takes", () => {
  for (const [kind, name, graceSeconds] of [
    ["Deployment", "api", 5 + 10],
    ["Deployment", "worker", 10],
    ["Job", "migrate", 0],
  ] as const) {
    const { spec } = Workload.parse(find(kind, name))
    expect(spec.template.spec.terminationGracePeriodSeconds ?? 30).toBeGreaterThan(graceSeconds)
    expect(spec.template.metadata.labels["app.kubernetes.io/name"]).toBe("gemini-chat")
  }
  expect(Workload.parse(find("Deployment", "worker")).spec.replicas).toBeUndefined()
})

test("production starts with what the ConfigMap and the Secret hold", () => {
  const { data } = z
    .looseObject({ data: z.record(z.string(), z.string()) })
    .parse(find("ConfigMap", "gemini-chat"))
  const { stringData } = z
    .looseObject({ stringData: z.record(z.string(), z.string()) })
    .parse(find("Secret", "gemini-chat"))
  const secret = Object.fromEntries(
    Object.entries(stringData).map(([name, value]) => [name, value.replace("PASSWORD", "0f1e2d3c")]),
  )
  for (const ROLE of ["api", "worker"]) {
    const { redis, database } = readAsProduction({ ...data, ...secret, ROLE })
    expect([redis.url, database.url]).toEqual([secret.REDIS_URL, secret.DATABASE_URL])
    expect(() => readAsProduction({ ...data, ...stringData, ROLE })).toThrow(/placeholder/)
  }
})
