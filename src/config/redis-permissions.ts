import { Cluster } from "ioredis"
import type { RedisClient } from "./redis-connection.ts"

/**
 * Returns the commands, with keys and channels as we use them, that Redis's access list denies this connection's user.
 * Redis before 7 can't tell and returns none.
 */
export async function findDenied(client: RedisClient): Promise<string[]> {
  // On a cluster, BullMQ's prefix is in braces.
  const commands =
    client instanceof Cluster
      ? [...COMMANDS, ...pubSub("S")].map((line) => line.replaceAll("bull:", "{bull}:"))
      : [...COMMANDS, ...pubSub("")]
  const denied = (await client.eval(CHECK, 0, ...commands)) as string[]
  const named = [...new Set(denied.map((line) => line.split(" ", 2).join(" ")))]
  return named.length > MOST ? [...named.slice(0, MOST), `and ${named.length - MOST} others`] : named
}

const MOST = 10

/** Splits each argument at its spaces. An unknown command isn't one that is denied. */
const CHECK = `
  local denied = {}
  if not redis.acl_check_cmd then return denied end
  for _, line in ipairs(ARGV) do
    local words = {}
    for word in string.gmatch(line, "%S+") do words[#words + 1] = word end
    local known, allowed = pcall(redis.acl_check_cmd, unpack(words))
    if known and not allowed then denied[#denied + 1] = line end
  end
  return denied`

/** BullMQ's keys begin with it; the others are `limit:…`, `reply:…` and `chatrooms:…`. */
const KEY = "bull:x"

/** What BullMQ's scripts and we run, as `[command, what follows the key]`. */
const ON_KEYS: readonly (readonly [string, string])[] = [
  ...["GET", "EXISTS", "DEL", "UNLINK", "TYPE", "PTTL", "PERSIST", "INCR"].map((name) => [name, ""] as const),
  ...["HGETALL", "HLEN", "LLEN", "RPOP", "LPOP", "SCARD", "SMEMBERS", "ZCARD", "ZPOPMIN", "XLEN"].map(
    (name) => [name, ""] as const,
  ),
  ...["INCRBY", "EXPIRE", "PEXPIRE", "PEXPIREAT", "BZPOPMIN", "LINDEX"].map((name) => [name, " 1"] as const),
  ...["HGET", "HMGET", "HDEL", "HEXISTS", "LPUSH", "RPUSH", "LPOS", "SADD", "SREM", "SISMEMBER"].map(
    (name) => [name, " x"] as const,
  ),
  ...["ZREM", "ZSCORE", "SET"].map((name) => [name, " x"] as const),
  ...["HSET", "HMSET"].map((name) => [name, " x x"] as const),
  ...["LRANGE", "LTRIM", "ZRANGE", "ZREVRANGE", "ZCOUNT", "ZRANGEBYSCORE", "ZREVRANGEBYSCORE"].map(
    (name) => [name, " 0 1"] as const,
  ),
  ...["ZREMRANGEBYSCORE", "ZREMRANGEBYRANK"].map((name) => [name, " 0 1"] as const),
  ...["ZRANGEBYLEX", "ZLEXCOUNT", "XRANGE"].map((name) => [name, " - +"] as const),
  ["HINCRBY", " x 1"],
  ["LREM", " 0 x"],
  ["LSET", " 0 x"],
  ["RPOPLPUSH", ` ${KEY}`],
  ["RENAME", ` ${KEY}`],
  ["ZADD", " 1 x"],
  ["XADD", " * x x"],
  ["XDEL", " 0-1"],
  ["XTRIM", " MAXLEN 1"],
]

const COMMANDS = [
  ...ON_KEYS.map(([command, rest]) => `${command} ${KEY}${rest}`),
  "PING",
  "INFO",
  "TIME",
  "EVALSHA x 0",
  "CLIENT SETNAME x",
  ...["limit:x", "reply:x", "chatrooms:x"].flatMap((key) => [`GET ${key}`, `SET ${key} x`, `DEL ${key}`]),
]

/** @param kind S for that of a cluster */
function pubSub(kind: "" | "S"): string[] {
  return ["cancel", "reply:x", "room:x"].flatMap((channel) => [
    `${kind}PUBLISH ${channel} x`,
    `${kind}SUBSCRIBE ${channel}`,
    `${kind}UNSUBSCRIBE ${channel}`,
  ])
}
