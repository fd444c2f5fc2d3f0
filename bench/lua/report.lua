-- Loaded by the other scripts: prints what wrk measured as one line of JSON, which bench/client/wrk.ts reads.
local report = {}

function report.print(summary, latency, counts)
  local parts = {}
  for name, count in pairs(counts) do
    parts[#parts + 1] = string.format('"%s":%d', name, count)
  end
  print(string.format(
    'RESULT {"seconds":%.6f,"requests":%d,"nonTwoXx":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,' ..
    '"p50Ms":%.3f,"p99Ms":%.3f,"maxMs":%.3f,"counts":{%s}}',
    summary.duration / 1e6, summary.requests, summary.errors.status, summary.errors.connect, summary.errors.read,
    summary.errors.write, summary.errors.timeout, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, table.concat(parts, ',')))
end

return report
