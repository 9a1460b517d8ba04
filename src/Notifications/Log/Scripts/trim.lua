-- Deletes the oldest entries of a partition, never the last one, and not too many at once: a script holds everybody up.
--
-- KEYS[1] the stream
-- ARGV[1] the last id that may go    ARGV[2] how many at most    ARGV[3] how many bytes may be looked at
--
-- Returns how many were deleted.
local most, bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local from, gone = '-', nil
local count = 0
while last and count < most and bytes > 0 do
  local step = math.min(16, most - count)
  local entries = redis.call('XRANGE', KEYS[1], from, ARGV[1], 'COUNT', step)
  for _, entry in ipairs(entries) do
    if entry[1] ~= last[1] then
      gone = entry[1]
      count = count + 1
      for i = 2, #entry[2], 2 do
        bytes = bytes - #entry[2][i]
      end
    end
  end
  if #entries < step or not gone then
    break
  end
  from = '(' .. gone
end

if gone then
  local dash = string.find(gone, '-', 1, true)
  local after = string.sub(gone, 1, dash) .. string.format('%.0f', tonumber(string.sub(gone, dash + 1)) + 1)
  return redis.call('XTRIM', KEYS[1], 'MINID', '=', after)
end
return 0
