/*
 * Functions of an auditor's SQL, by family. A name that is not here is refused: what reads files, dictionaries,
 * settings, other tables, the network or this machine (file, dictGet, joinGet, getSetting, hostName, …), what
 * waits (sleep), what names another function in a string (arrayReduce, initializeAggregation), and whatever a
 * later version of the engine brings.
 */
const families = {
  logic: `and or xor not if multiIf ifNull nullIf coalesce isNull isNotNull isZeroOrNull assumeNotNull toNullable
    firstNonDefault caseWithExpression least greatest clamp transform equals notEquals less greater lessOrEquals
    greaterOrEquals isDistinctFrom isNotDistinctFrom in notIn globalIn globalNotIn nullIn notNullIn exists
    lambda identity ignore materialize tuple tupleElement untuple tupleNames tupleToNameValuePairs`,
  numbers: `plus minus multiply divide intDiv intDivOrZero modulo moduloOrZero positiveModulo negate abs sign gcd lcm
    round roundBankers floor ceil ceiling trunc truncate roundDown roundToExp2 sqrt cbrt exp exp2 exp10 log ln log2
    log10 log1p pow power pi e isFinite isInfinite isNaN ifNotFinite max2 min2 bar widthBucket bitAnd bitOr bitXor
    bitNot bitTest bitCount bitShiftLeft bitShiftRight formatReadableSize formatReadableDecimalSize
    formatReadableQuantity formatReadableTimeDelta`,
  conversion: `CAST _CAST accurateCast accurateCastOrNull accurateCastOrDefault toString toFixedString toBool toUInt8
    toUInt16 toUInt32 toUInt64 toUInt128 toUInt256 toInt8 toInt16 toInt32 toInt64 toInt128 toInt256 toFloat32
    toFloat64 toDecimal32 toDecimal64 toDecimal128 toUInt8OrNull toUInt16OrNull toUInt32OrNull toUInt64OrNull
    toInt8OrNull toInt16OrNull toInt32OrNull toInt64OrNull toFloat32OrNull toFloat64OrNull toUInt8OrZero
    toUInt16OrZero toUInt32OrZero toUInt64OrZero toInt8OrZero toInt16OrZero toInt32OrZero toInt64OrZero
    toFloat32OrZero toFloat64OrZero toUUID toUUIDOrNull toLowCardinality toTypeName toColumnTypeName
    hex unhex bin unbin base64Encode base64Decode tryBase64Decode base58Encode base58Decode char ascii
    reinterpretAsUInt64 reinterpretAsInt64`,
  text: `length lengthUTF8 empty notEmpty lower upper lowerUTF8 upperUTF8 lcase ucase initcap reverse reverseUTF8
    concat concatWithSeparator concat_ws concatAssumeInjective substring substr mid substringUTF8 substringIndex left
    right leftUTF8 rightUTF8 leftPad rightPad lpad rpad repeat space trim ltrim rtrim trimLeft trimRight trimBoth
    startsWith endsWith startsWithUTF8 endsWithUTF8 position positionUTF8 positionCaseInsensitive
    positionCaseInsensitiveUTF8 locate instr like notLike ilike notILike match extract extractAll
    extractAllGroupsVertical extractGroups regexpExtract replace replaceOne replaceAll replaceRegexpOne
    replaceRegexpAll REGEXP_REPLACE splitByChar splitByString splitByRegexp splitByWhitespace splitByNonAlpha
    arrayStringConcat tokens multiSearchAny multiSearchAnyCaseInsensitive multiSearchFirstIndex multiMatchAny
    countSubstrings countSubstringsCaseInsensitive countMatches hasToken hasTokenCaseInsensitive format appendTrailingCharIfAbsent
    normalizeQuery normalizedQueryHash isValidUTF8 toValidUTF8 translate overlay ngrams soundex
    encodeXMLComponent decodeXMLComponent encodeURLComponent decodeURLComponent domain domainWithoutWWW
    topLevelDomain protocol path cutQueryString extractURLParameter`,
  time: `now now64 nowInBlock today yesterday current_date curdate current_timestamp toDate toDate32 toDateTime toDateTime64 toDateOrNull
    toDateTimeOrNull toDateTime64OrNull toDateOrZero toDateTimeOrZero parseDateTime parseDateTimeOrNull
    parseDateTimeBestEffort parseDateTimeBestEffortOrNull parseDateTimeBestEffortOrZero parseDateTime64BestEffort
    parseDateTime64BestEffortOrNull toYear toQuarter toMonth toWeek toISOWeek toISOYear toYearWeek toDayOfYear
    toDayOfMonth toDayOfWeek toHour toMinute toSecond toMillisecond toMicrosecond year quarter month week day
    dayOfMonth dayOfWeek dayOfYear hour minute second toUnixTimestamp toUnixTimestamp64Milli
    toUnixTimestamp64Micro toUnixTimestamp64Nano fromUnixTimestamp fromUnixTimestamp64Milli
    fromUnixTimestamp64Micro fromUnixTimestamp64Nano FROM_UNIXTIME toStartOfYear toStartOfQuarter toStartOfMonth
    toStartOfWeek toStartOfDay toStartOfHour toStartOfMinute toStartOfSecond toStartOfMillisecond
    toStartOfFiveMinutes toStartOfTenMinutes toStartOfFifteenMinutes toStartOfInterval time_bucket toMonday
    toLastDayOfMonth toLastDayOfWeek toYYYYMM toYYYYMMDD toYYYYMMDDhhmmss toTime toTimezone toTimeZone timezone
    timezoneOf timezoneOffset dateDiff date_diff timestampDiff timestamp_diff age dateTrunc date_trunc dateName
    monthName formatDateTime date_format formatDateTimeInJodaSyntax timeSlot timeSlots makeDate makeDateTime
    makeDateTime64 addYears addQuarters addMonths addWeeks addDays addHours addMinutes addSeconds addMilliseconds
    addMicroseconds subtractYears subtractQuarters subtractMonths subtractWeeks subtractDays subtractHours
    subtractMinutes subtractSeconds subtractMilliseconds subtractMicroseconds addInterval subtractInterval
    toIntervalYear toIntervalQuarter toIntervalMonth toIntervalWeek toIntervalDay toIntervalHour toIntervalMinute
    toIntervalSecond toIntervalMillisecond toIntervalMicrosecond toRelativeDayNum toRelativeHourNum
    toRelativeMinuteNum`,
  arrays: `array arrayElement arrayElementOrNull has hasAll hasAny hasSubstr indexOf countEqual range arrayJoin arrayMap
    arrayFilter arrayExists arrayAll arrayCount arraySum arrayAvg arrayMin arrayMax arrayProduct arraySort
    arrayReverseSort arrayPartialSort arrayReverse arrayDistinct arrayUniq arrayConcat arraySlice arrayPushBack
    arrayPushFront arrayPopBack arrayPopFront arrayResize arrayFlatten flatten arrayCompact arrayZip arrayFirst
    arrayFirstIndex arrayFirstOrNull arrayLast arrayLastIndex arrayLastOrNull arrayIntersect arrayUnion arrayExcept
    arrayEnumerate arrayEnumerateUniq arrayDifference arrayCumSum arrayFold arraySplit arrayFill emptyArrayString
    emptyArrayUInt64 arrayWithConstant`,
  maps: `map mapKeys mapValues mapContains mapContainsKey mapContainsValue mapFilter mapApply mapAdd mapSubtract mapSort
    mapConcat mapExists mapAll mapFromArrays`,
  json: `JSONExtract JSONExtractString JSONExtractInt JSONExtractUInt JSONExtractFloat JSONExtractBool JSONExtractRaw
    JSONExtractArrayRaw JSONExtractKeys JSONExtractKeysAndValues JSONExtractKeysAndValuesRaw JSONHas JSONLength
    JSONType JSONKey JSON_VALUE JSON_QUERY JSON_EXISTS JSONArrayLength isValidJSON toJSONString simpleJSONHas
    simpleJSONExtractString simpleJSONExtractInt simpleJSONExtractUInt simpleJSONExtractFloat
    simpleJSONExtractBool simpleJSONExtractRaw`,
  hashes: `MD5 SHA1 SHA224 SHA256 SHA384 SHA512 sipHash64 sipHash128 cityHash64 xxHash32 xxHash64 xxh3 farmHash64
    murmurHash3_64 halfMD5`,
  addresses: `toIPv4 toIPv6 toIPv4OrNull toIPv6OrNull IPv4NumToString IPv4StringToNum IPv4StringToNumOrNull
    IPv6NumToString isIPv4String isIPv6String isIPAddressInRange IPv4CIDRToRange IPv6CIDRToRange cutIPv6`,
  windows: `row_number rank dense_rank denseRank percent_rank cume_dist ntile lag lead lagInFrame leadInFrame
    first_value last_value nth_value nonNegativeDerivative`,
} as const;

/** These also with combinators: `countIf`, `sumMap`, `uniqExactOrNull`. */
const aggregates = `count countDistinct sum avg min max any anyLast any_value anyHeavy argMin argMax argAndMin argAndMax
  min_by max_by uniq uniqExact uniqCombined uniqCombined64 uniqHLL12 groupArray groupUniqArray groupArrayLast groupArraySorted
  groupArraySample array_agg groupConcat group_concat string_agg groupBitAnd groupBitOr groupBitXor quantile quantiles quantileExact
  quantilesExact quantileExactLow quantileExactHigh quantileTDigest quantilesTDigest quantileTiming quantilesTiming quantileDD median
  medianExact medianTDigest stddevPop stddevSamp stddev_pop stddev_samp varPop varSamp var_pop var_samp covarPop covarSamp corr skewPop kurtPop topK topKWeighted
  approx_top_count approx_top_k sumWithOverflow sumKahan sumCount avgWeighted sumMappedArrays minMappedArrays maxMappedArrays
  entropy histogram sequenceMatch sequenceCount windowFunnel retention
  deltaSum boundingRatio simpleLinearRegression maxIntersections first_value last_value exponentialMovingAverage intervalLengthSum
  singleValueOrNull`;

const combinators = /(?:If|Array|Map|Distinct|OrNull|OrDefault|ForEach|ArgMin|ArgMax)$/;

const names = (text: string): string[] => text.split(/\s+/).map((name) => name.toLowerCase());

// Lower case: the engine takes many names in any case, and no two functions differ by case alone.
const allowed = new Set(Object.values(families).flatMap(names));
const allowedAggregates = new Set(names(aggregates));

export function isAllowedFunction(name: string): boolean {
  if (allowed.has(name.toLowerCase())) return true;
  for (let rest = name; ; rest = rest.replace(combinators, '')) {
    if (allowedAggregates.has(rest.toLowerCase())) return true;
    if (!combinators.test(rest)) return false;
  }
}
