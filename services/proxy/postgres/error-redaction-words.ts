/**
 * The words that PostgreSQL's own messages are written with, lower case. A word of a message that is none of
 * these, and neither the statement's nor the catalog's, may be a value: it is not shown.
 */
export const messageWords: ReadonlySet<string> = new Set(
  `
a abandoning abbreviation abbreviations abi able abnormal abnormally abort aborted aborting about above
absent absolute accept accepted accepting accepts access accessed accesses accessor accidentally
accompanying account accumulate acl aclinsert aclremove acquire acquired across action actions active
activity actual add added address addresses adequate admin administrative administrator administrators
adminpack advance advanced advertising advisory affect affected affects afffile affix after again against
age aggregate aggregated aggregates aggregation aggressive aggressively ahead algorithm alias aliases
alignment alike all allocate allocating allocation allow allowed allows along already also alter altering
alternating alternatively always ambiguous among amount amounts an analyzable analyze analyzing ancestor and
anonymous another antivirus any anyarray anycompatible anycompatiblearray anycompatiblemultirange
anycompatiblenonarray anycompatiblerange anyelement anyenum anymore anymultirange anynonarray anyone
anyrange anyway apart apparent appear appears append applicable application applied applies apply applying
appropriate approximately arbiters archival archive archived archiver archiving are area aren argument
arguments argv array arrays as asc ascii assert assertion assign assigned assigning assignment assignments
associated assumes assumption async asynchronous at attach attached attaching attack attempt attempted
attempting attempts attribute attributes authenticated authentication authenticator authority authorization
authorized automatic automatically autovacuum available average avoid avoided back backend background
backreference backslash backslashes backtrace backup backward base based basetype be became because become
becoming been before began begin beginning behavior behind being belong belonging belongs below best better
between beyond big bigint billion binary bind binding binned bit bitcode bitmap bits bkpblock bkpimage blank
blcksz block blocked blocks bodies body bonjour boolean bootstrap bootstrapping both bound boundaries
bounded bounds brace bracket brin btree buffer buffers buffile buggy build building built but by bypassed
bypassing bypassrls byte bytea bytes cache cached caches calculate calculated calendar call callable
callback called calling calls can cancel canceled canceling candidate candidates cannot canonical
canonicalization capture careful carriage cascade cascades case cast casting casts catalog catalogs category
cause caused causes cert certificate certificates change changed changes changing channel character
characters check checked checking checkpoint checkpointed checkpointer checkpoints checks checksum checksums
child children chmod choose chooses chosen chunk cidr cipher ciphers ciphersuite circle circular class
classes classification clause clauses cleaned cleaning cleanup clear cleared clearing client clientcert
clientname clients clock close closing cluster clustered clustering code codeset coerced coercible coercion
collapsed collatable collate collation collations collator collect collection collector collects column
columns combination combinations combine combining comma command commandcomplete commanded commands commas
comment commit committed committing common commutative commutators compare comparison compatibility
compatible compilation compiled complete completed completion complex component composite compress
compressed compresses compressible compression compromise compromises computation compute computed
concatenate concatenation concurrent concurrently condition conditional conditions conf confidentiality
config configuration configured configuring confirmed conflict conflicting conflicts connect connected
connecting connection connections consecutive consequence consider considered consist consistency consistent
constant constants constrained constraint constraints construct constructed constructor constructs consult
consumption contact contain containing contains content contention contents context contexts contiguous
continue continues continuing contradicts contrecord control controls conventions conversation conversion
convert converted converter copied copy copying core correct corresponding corrupt corrupted corruption cost
could count cover cpu crash crashes crc create created createfilemapping createprocess createrole creating
creation credentials critical cross cstring csv csvlog cte ctype cumulative current currently currval cursor
cursors curve custom customary customized cutoff cycle cyclic damaged data database databases datadir
datatypes date dated dates datetime datetimes datetoken datfrozenxid datum days dbghelp dbname dead deadlock
debug debugger debugging decimal declaration declarations declare declared decoding decompress deconstruct
deduced default defaulting defaults defer deferrability deferrable deferred define defined definer defining
definition definitions deforming delay delete deleted deletes deleting deletion delimited delimiter denied
denote depend dependencies dependency dependent depending depends deprecated depth derived derives desc
describe description descriptor descriptors deserialization desired destination destroy destroyed detach
detached detaching detail details detected detection determine determined developer diagnostics dictfile
dictionary did diff differ difference different differing differs digit digits dimension dimensional
dimensionality dimensions direct directly directories directory dirtied dirty disable disabled disables
disabling disagree disallow disallowed disappeared disassociate discard disconnection disk displacement
display displayed displaying displays dissimilar distance distinct distinguished divisible division dll
dnsserviceregister do document documentation documents does doesn dollar domain domains done dotted double
down drop dropped dropping due dump dumps duplicate duplicated duplicatehandle duplicates duration during
dynamic dynamically each earlier earliest ecdh effect effective efficiently effort either elapsed element
elements eligible else embedded emit emits emptied empty enable enabled enables enclosing encode encoded
encoding encodings encrypted encrypting encryption end ended ending ends enlarge enough ensure ensures
ensuring entering entries entry enum enumerating environment eof equal equality equally equivalent error
errors escape escaped escapes estimate estimated estimates estimator european evaluates even event events
every evidence exact exactly examine example exceed exceeded exceeding exceeds except exception
exceptionalcondition exclude exclusion exclusive executable execute executed executing execution executor
exhaustive exist existence existing exists exit exited exiting expanded expansion expected expects expensive
expired explain explicit explicitly export exported expression expressions extend extended extensible
extensiblenodemethods extension extensions external extra extract facilitate facilities facility factor
factorial failed failing failsafe failure failures false families family far fastpath fatal fdatasync
feature feedback fetch fetched fetching few fewer field fields file filename files fileset filling filter
final finalize find finish finished finite fired first fix fixed fixing flag flags flatten flattened float
float4 float8 floating flush flushed flushes flushing follow followed following foo for forbid force forces
forcing foreach foreign fork forked form format formats formatted formatting forward found fourth fraction
fractional fragments frame free freeze frequently from frontend fsync full fully funcname function
functionality functions further future garbage gather generate generated generates generating generation
generator generic genetic geometric geqo get getrlimit gettoken gin gist give given giving global globally
got grant granted grantor greater gregorian group grouped grouping groups gss gssapi gtsvector guarantee had
hand handle handled handler handling happen happens hardware has hash hashable hashed hashing have having
header headers headline heap held here hexadecimal hierarchies high higher highest hint history hold
holdable holding hole host hostgssenc hostname hostssl hot hour how however huge hypothetical icu ident
identifier identifiers identify identity idle ids if ignore ignored ignoring ilike image images immediate
immediately immutable implement implementation implemented implements implicit import importing impose
improper in include included includes including inclusive incoming incompatible incompatibly incomplete
inconsistent incorrect increase increasing increment incremental indents indeterminate index indexed indexes
indexing indicate indicated indicates individuals inequality inet inference infinite infinity info
information inherit inheritance inherited inherits initdb initial initialization initialize initialized
initializing initially inline inlining inner inout input inputs insecure insensitive insert inserting
insertion inserts inside install installation installed installing instead instruction instructs
insufficient int2 int4 int8 integer integrity intended interactive interface interfaces interfering internal
interpretation interpretations interpreting interrupted intersect interval intervals into introduce invalid
invalidated invalidating invalidly inverse invisible invocation involve involved is isn iso isolation ispell
issuing it item items iterations its itself jit join joinable joins json jsonb jsonlog jsonpath junction
junk just keepalive keepalives kerberos kernel kernels key keys keyword kilobytes kind kinds know known
label labels lack lacks language languages large larger last lastval later lateral latest launched launcher
layer layout ldap ldapbasedn ldapbinddn ldapbindpasswd ldapprefix ldaps ldapscheme ldapsearchattribute
ldapsearchfilter ldapurl leader leaf leakproof leap least left length lengths less letters level levels
levenshtein lexeme lexemes lexize lextypes libraries library libxml lightweight like likely limit limited
limits line lines link linked links linux list listen listener listening listens lists literal literally
literals load loadable loaded loblksize local locale locales localized locally locate location locations
lock locked locking locks locktag log logarithm logged logger logging logical login logs long longer longest
look looks lookup loop loss lossy lost low lower lowering lsn macaddr macro magic main maintenance make
making malformed management manager managers mandatory manifest manipulate manually many map mapping
mapviewoffileex mark marked marker markpos mask match matched matches matching materialization materialize
materialized mates max maxalign maxallocateddescs maxfragments maximum maxlisten maxvalue maxwords may md5
mean means meant measured mechanism member members membership memoization memory merge merging message
messages method methods mfinalfunc microseconds middle might millisecond milliseconds minimal minimum
minitcond minute minvalue minvfunc minwords misconfiguration mismatch mismatched misplaced missed misses
missing mixing mode modification modifications modified modifier modifiers modify modifying module modules
modulus moment monetary money monitoring months more most move moved moving msfunc msspace mstype much multi
multibyte multicolumn multidimensional multiple multiply multirange multiranges multithreaded multivariate
multixact multixactid multixactids multixacts munmap must mutable mutual mutually mxids name named
namedatalen namely names namespace naming nan napping nargs nbuffers near nearest necessary need needed
needs negative negator negators negligible negotiation neither nested nesting netmask network never new
newline newly next nextval nid no node nodes non nonblocking nonce nondeterministic none nonessential
nonnull nonremovable nonsequentially nonstandard nonzero nor normal normalization normally not notation
nothing notice notification notifications notify now ntile null nullable nullif nulls number numbered
numbers numeric object objects obsolete obtain occupied occur occurred occurring occurs octal octet of off
offset oid oids oidvector old older oldest omit on once one ongoing online only opclass open opened opening
openssl operand operated operating operation operations operator operators opfamily optimal optimization
optimize optimizer option options or order ordered ordering ordinal ordinality ordinary origin original
origins orphan other others otherwise out outage outer outgoing output outside over overall overflow
overflows overlap overlaps override overriding oversize overwritten own owned owner ownership owning owns
package packet padding page pageaddr pages pairs pam panic parallel parameter parameterless parameters
parent parentheses parenthesis parse parsed parser parsers parsing part partial partially particular
partition partitioned partitioning partitions partitionwise pass passed passing passphrase passphrases
password passwords past path pattern patterns paused pausing payload peer penalty pending per percentage
percentile perform performance performed performing perhaps permanent permission permissions permissive
permitted persistence pgdata pgsql phase phrase physical physically picksplit pid pin pinned pipe pipeline
placed places plain plan planned planner planning plans platform platforms plausible please plugin point
pointer pointers points policies policy polygon polymorphic populated population port portal ports position
positional positioned positive posix possible possibly postfix postgres postgresql posting postmaster
potential power powerusers pre preceding precise precision predicate predicates prefetch prefix prefixed
preload preloading prepare prepared preparing presence present preset pressure prevent prevents previous
previously primary prime principal print printable prints prior priority private privilege privileges
probably problem problems procedural procedure procedures proceed process processes processing processor
procsignalbarrier produce produces profiler program programming progress prohibits promote promoted
promotion proof propagate proper properly properties proposed protections proto protocol provide provided
provider providers provides pruning pseudo psql public publication publications publish published publisher
publishes purposes put qualifications qualified queries query queue quorum quote quoted quotes radius raise
raised random range reach reached reaching read reading ready real realm rearranging reason reasons reassign
rebuild recalcitrant receive received receiver recent recheck rechecking recognized recompile reconfigure
reconnect record recorded records recover recovered recovering recovery recreate recursion recursive
recursively recycled recycles recycling redefine redirect redirecting redo reduce reduced reducing redundant
refcursor refer reference referenced references referencing referential refresh regconfig regexp region
register registered registration regular regularly reindex reindexed reindexing reinitialize reinitializing
rejected rejects related relation relations relationships relative release released releases relfilenode
relfrozenxid relminmxid reload reloaded reloading relseg reltuples remain remainder remaining remnant remote
removable removal remove removed removing rename renamed renaming renegotiation reopen reorder reorderbuffer
repeat repeatable replace replaced replay replayed replica replicate replicated replication report reported
reporting reports represent representation request requested requests require required requirement requires
reserve reserved reset resetting resize resolution resolve resolved resource resources respective response
restart restarted restarting restartpoint restore restored restoring restricted restriction restrictions
restrictive result resulting results retransmits retried retries retrieve retrieved retrieving retry
retrying return returned returning returnmode returns reusable reverse revocation revoke revoked rewind
rewrite rewritten right role roles roll rollback root rotate rotated rotation round rounded rounds routine
row rowexclusivelock rows rule rules run running runs rwconflictpool s safe safely salt same sample sampling
sasl saved savepoint savepoints scalar scalars scale scan scanned scanning scans schema schemas scheme scram
script scroll scrollable search searches searching second secondary seconds secret secrets security see seed
seek seems segment segments select selected selection selective selectivity selects semantic semaphore
semaphores semget semmni semmns semvmx send sender sending sent separate separated separator separators
sequence sequences sequential sequentially serial serializable serialization serialize serious server
servers service session sessions set setlocale setof sets setseed setting settings setup setval several
sfunc sha sha256 shadows share shareable shared sharedfileset sharing shell shmall shmemindex shmget shmmax
shmmin shmmni short shortword should show shows shrink shut shutdown shutting sid side sighup sigkill sign
signal signaled signature sigquit sigstop similar simple simply simultaneous simultaneously since single
size sized sizeof sizes skip skipped skipping skips slash sleep slice slices slot slots slowness small
smallint smart snapbuild snapshot snapshots snowball so socket sockets software some something soon sorry
sort sortable sorting sorts source space special specific specification specifications specified specifier
specifies specify specifying speculative spent spi spill spilling split sql sqlstate square ssl sspi stack
stacked stale stamp stamps standalone standard standby standbys start started starting starts startup stat
state statement statements statistics status stderr stdin stdout stemmer step steps still stop stopping
stopwords storage store stored storing strategies strategy stream streamed streaming strict strictness
stride string strings structure style stype sub subcommands subdictionary subdirectory subexpressions
subfield subject subplans subprocess subqueries subquery subscribe subscribed subscribers subscript
subscripted subscripting subscription subscriptions subscripts substitute substituting substring subsystem
subtract subtransaction subtransactions subtype subxact succeed success successful successfully such
suffered sufficient suitable summarization superuser superusers supplied supplies support supported supports
suppress suppression sure surrogate suspending switch switching switchpoint symbol symbolic sync syncfs
synchronization synchronize synchronized synchronizing synchronous syncing synonym synonyms syntax sysid
syslog system t table tables tablesample tablespace tablespaces take taken takes taking tar target targets
tcp temp template templates temporarily temporary term terminate terminated terminating termination
terminator testing text textual than that the their them then there thesaurus these they thinks third this
those three threshold thresholds through tid ties time timed timeline timeout times timestamp timestamps
timestamptz timetz timezone timing timings title tls to toast together token tokens too top total touch
tracing tracking trailing transaction transactions transform transiently transition translate translated
trap treat treated treats tree tried tries trigger triggered triggering triggers true truncate truncated
truncating truncation trusted try trying tsquery tsvector tuning tuple tuples tuplestore turn turned turning
turns twice two type typed types typmod uescape umask unable unacceptable unaffected unambiguously unary
unbind unbounded uncached unclosed unconditional unconditionally undefined under underflow underlying
underscore unencrypted unequal unexpected unexpectedly unfinished ungrouped unhandled unicode union unique
uniqueness unit units unix unknown unlabeled unless unlink unlisten unlock unlogged unmap unmatched unnamed
unnest unpaused unprivileged unqualified unquoted unreachable unrecognized unreserved unsafe unsupported
unterminated until untrusted unused unwrap up updatable update updated updates updating upgrade upgrading
upper uri url usable usage use used useless user usermap users uses using usual usually utf8 utility uxxxx
uxxxxxxxx vacuum vacuumed vacuuming vacuums valid validated validation validator value valued values
variable variables variadic variant various varying vector verbosity verification verify version versions
versus via view views violate violated violates violation virtual void volatile volume wait waiting waits
wal walreceiver walsender want wanted warning was wchar we weeks weight were when whence whenever where
whether which while whole whose wide width wildcard will window windows with within without word words work
worker workers working works workspaces world worst would wraparound wrapper writable write writer writes
writing written wrong wrote wsastartup xid xids xlog xml xmlchar xmlserialize xmltable xmlvalidate xpath
xquery xxxx xxxxxx years yes yet yield yields you your ype zero zeroes zeroing zone zoned zones
`
    .trim()
    .split(/\s+/),
);
