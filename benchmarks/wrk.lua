-- Sends the requests of a file, one line of hexadecimal each, in turn; with "nonce", 32 random octets behind each.
-- Prints one line of JSON when it is done.
local requests, fresh, place = {}, false, 0
local random, char = math.random, string.char

local function octets(hex)
  return (hex:gsub("..", function(pair) return char(tonumber(pair, 16)) end))
end

function init(arguments)
  for line in io.lines(arguments[1]) do requests[#requests + 1] = octets(line) end
  fresh = arguments[2] == "nonce"
  math.randomseed(os.time())
end

local function nonce()
  local words = {}
  for word = 1, 8 do words[word] = char(random(0, 255), random(0, 255), random(0, 255), random(0, 255)) end
  return table.concat(words)
end

function request()
  place = place % #requests + 1
  if fresh then return requests[place] .. nonce() end
  return requests[place]
end

function done(summary, latency, _)
  io.write(string.format(
    '\n@{"requests": %d, "microseconds": %d, "failed": %d, "median": %f, "p99": %f, "longest": %f}\n',
    summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout + summary.errors.status,
    latency:percentile(50), latency:percentile(99), latency.max))
end
