//! Every bound on what a stranger can make grow, in one place, each with its reason.

use std::time::Duration;

/// Largest SIP message accepted, bytes. RFC 3261 18.1.1 wants 65,535 from a UDP datagram; TCP is held to the same.
pub const SIP_MESSAGE_BYTES: usize = 65_535;
/// Most header lines in one SIP message; real ones have 15 to 40.
pub const SIP_HEADERS: usize = 256;
/// Commas and semicolons in a SIP message's head, at most; real ones have some fifty. Without this a datagram of 60 KB
/// that is all list keeps a core busy for longer than the network took to bring it.
pub const SIP_SEPARATORS: usize = 1_024;
/// Transactions alive at once; beyond it a new request is answered 503. An answered call leaves two behind for
/// 32 seconds each, so this carries 5,000 calls a second; an idle one takes some 500 bytes.
pub const SIP_TRANSACTIONS: usize = 400_000;
/// Calls that an endpoint holds at once, ringing and ending ones included; the operator's own limit is below it.
pub const SIP_CALLS: usize = 100_000;
/// Answers of different phones to one INVITE of ours that are acknowledged and ended; more are ignored.
pub const SIP_FORKS: usize = 16;
/// SIP over TCP: connections at once, all peers together.
pub const TCP_CONNECTIONS: usize = 1_024;
/// SIP over TCP: connections at once from one address, so that one host cannot take them all.
pub const TCP_CONNECTIONS_PER_ADDRESS: usize = 64;
/// SIP over TCP: a message that has begun must be whole within this time.
pub const TCP_MESSAGE_TIME: Duration = Duration::from_secs(10);
/// SIP over TCP: a connection that carries nothing and belongs to no call is closed after this time.
pub const TCP_IDLE_TIME: Duration = Duration::from_secs(300);
/// SIP over TCP: bytes queued for a peer that does not read before the connection is closed.
pub const TCP_SEND_QUEUE_BYTES: usize = 512 * 1024;
/// Media lines in an SDP body; telephony has one or two.
pub const SDP_MEDIA: usize = 16;
/// Payload formats on one media line.
pub const SDP_FORMATS: usize = 64;
/// Bytes of an SDP body; real ones have 200 to 3,000.
pub const SDP_BYTES: usize = 32 * 1024;
/// `a=` lines of one media section, or of the session, in an SDP body.
pub const SDP_ATTRIBUTES: usize = 256;
/// `t=` lines in an SDP body; telephony has one.
pub const SDP_TIMES: usize = 8;
/// Addresses that one SIP host name may resolve to.
pub const SIP_TARGETS: usize = 16;
/// DNS: one question must be answered within this time, all servers together.
pub const DNS_TIME: Duration = Duration::from_secs(5);
/// DNS: answers kept.
pub const DNS_CACHE: usize = 256;
/// A registrar may send us on to another so many times in a row.
pub const REGISTER_REDIRECTS: u8 = 5;
/// Requests in one attempt to register: challenges, stale nonces, redirections and longer expiries together.
pub const REGISTER_REQUESTS: u8 = 10;
/// Longest time that a registrar can put us off by Retry-After.
pub const REGISTER_RETRY_AFTER: Duration = Duration::from_secs(3_600);
/// Longest expiry that we take from a registrar, or ask for because it says so.
pub const REGISTER_EXPIRES_SECS: u32 = 86_400;
/// Un-registering at shutdown ends after this time, answered or not.
pub const UNREGISTER_TIME: Duration = Duration::from_secs(4);
/// Addresses whose refused calls are remembered, so that each is logged once a minute only.
pub const REFUSED_ADDRESSES: usize = 1_024;
/// Digits that a caller typed and the dialplan has not yet read.
pub const DIGIT_QUEUE: usize = 64;
/// Digits that a dialplan sends at once.
pub const SENT_DIGITS: usize = 255;
/// Longest digit that is sent: what the duration field of a telephone-event holds (RFC 4733 2.3.5), some 8.2 s.
pub const SENT_DIGIT_TIME: Duration = Duration::from_secs(8);
/// Texts (SIP MESSAGE) that came within a call and that its dialplan has not read.
pub const TEXTS: usize = 16;
/// Longest text within a call, bytes; RFC 3428 section 8 asks that a request stay below 1,300 on UDP.
pub const TEXT_BYTES: usize = 8 * 1024;
/// Texts of dialplans outside calls that are on their way at once.
pub const MESSAGES: usize = 256;
/// A phone is told of its waiting messages no more often than this.
pub const WAITING_PAUSE: Duration = Duration::from_secs(1);
/// What a phone was told of its waiting messages is told again after this time: it may have been restarted.
pub const WAITING_REFRESH: Duration = Duration::from_secs(3_600);
/// Longest pause before a phone that was not reached is told again of its waiting messages.
pub const WAITING_RETRY: Duration = Duration::from_secs(600);
/// Subscriptions of phones to waiting messages.
pub const SUBSCRIPTIONS: usize = 1_024;
/// Subscriptions of phones of one address.
pub const SUBSCRIPTIONS_PER_ADDRESS: usize = 64;
/// Longest and shortest time that a subscription is given.
pub const SUBSCRIPTION_SECS: std::ops::RangeInclusive<u32> = 60..=3_600;
/// Packets held by one jitter buffer: one second of 20 ms frames.
pub const JITTER_PACKETS: usize = 50;
/// Bytes of payload held by one jitter buffer: one second of G.711, so that long packets do not outgrow it.
pub const JITTER_BYTES: usize = 8_000;
/// Longest sound file that is loaded, seconds.
pub const SOUND_SECS: u64 = 900;
/// Decoded sounds kept in memory, samples: ten minutes of prompts, some 14 MB with both codecs' encodings.
pub const SOUND_CACHE_SAMPLES: usize = 600 * 8_000;
/// Sounds in one act of playing.
pub const PLAY_SOUNDS: usize = 1_024;
/// Commands waiting for a media worker; beyond it the control plane is told that they did not go through.
pub const MEDIA_COMMANDS: usize = 8_192;
/// Datagrams taken from one socket in one tick of 20 ms, so that a flood on one leg does not starve the others.
pub const RTP_PER_TICK: usize = 16;
/// Largest datagram that is taken for RTP or RTCP, bytes: an Ethernet frame's worth.
pub const RTP_BYTES: usize = 1_500;
/// A leg that should receive and hears nothing for so long is told of as silent.
pub const MEDIA_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest recording that a configuration may ask for, seconds.
pub const RECORDING_SECS: u64 = 3_600;
/// Steps that one call's dialplan may take without the caller hearing or doing anything: an endless loop ends there.
pub const DIALPLAN_STEPS: u64 = 100_000;
/// So many bytes of a step's arguments count as a step more, since a step takes as long as they are many.
pub const DIALPLAN_STEP_BYTES: usize = 512;
/// A dialplan lets other tasks run after so many steps.
pub const DIALPLAN_STEPS_AT_ONCE: u64 = 128;
/// Longest line of a dialplan file, bytes; Asterisk's bound, so that a file means the same in both.
pub const DIALPLAN_LINE_BYTES: usize = 8_191;
/// All files of one dialplan together, bytes.
pub const DIALPLAN_BYTES: usize = 64 * 1024 * 1024;
/// Files of one dialplan, each inclusion counted.
pub const DIALPLAN_FILES: usize = 1_024;
/// Files included by files included by files; Asterisk's bound.
pub const DIALPLAN_INCLUDE_DEPTH: usize = 10;
/// How often the files of a dialplan are looked at, where the configuration asks for it.
pub const DIALPLAN_WATCH_TIME: Duration = Duration::from_secs(1);
/// Block comments within block comments; Asterisk's bound.
pub const DIALPLAN_COMMENT_DEPTH: usize = 128;
/// Contexts that one search visits, the includes of includes counted.
pub const DIALPLAN_CONTEXTS_SEARCHED: usize = 128;
/// `${${${…}}}` within one another, and `EVAL` within `EVAL`.
pub const SUBSTITUTION_DEPTH: usize = 32;
/// Parentheses and operators within one another in one `$[ ]`.
pub const EXPRESSION_DEPTH: usize = 64;
/// Memory for one compiled regular expression of a dialplan, bytes.
pub const REGEX_BYTES: usize = 256 * 1024;
/// Rows of a language's grammar that saying one thing may use; a number of twelve digits uses some thirty.
pub const SAYING_ROWS: usize = 256;
/// Digits collected for one extension or one `Read`.
pub const DIGITS: usize = 255;
/// Characters that Morsecode plays: ten minutes and more.
pub const MORSE_CHARACTERS: usize = 1_000;
/// Elements of one extension pattern; telephone numbers have at most 15 digits.
pub const PATTERN_ELEMENTS: usize = 256;
/// Nested Gosub frames.
pub const GOSUB_DEPTH: usize = 100;
/// Longest value of one dialplan variable, bytes.
pub const VARIABLE_BYTES: usize = 64 * 1024;
/// Keys of the dialplans' database that one question lists.
pub const DATABASE_LISTED: usize = 4_096;
/// Family and key of the dialplans' database together, bytes; Asterisk's bound.
pub const DATABASE_KEY_BYTES: usize = 255;
/// Entries of the dialplans' database.
pub const DATABASE_ENTRIES: usize = 1_000_000;
/// Memory that a telephone code's Argon2id may ask for, KiB: the parameters come with a lock, which a stranger made.
pub const TELEPHONE_M_KIB: std::ops::RangeInclusive<u32> = 8_192..=262_144;
/// Passes of a telephone code's Argon2id.
pub const TELEPHONE_T: std::ops::RangeInclusive<u32> = 1..=10;
/// Lanes of a telephone code's Argon2id.
pub const TELEPHONE_P: std::ops::RangeInclusive<u32> = 1..=4;
/// Telephone codes that are being tried at once, at 64 MiB and a tenth of a second each; more wait their turn.
pub const TELEPHONE_TRIALS: usize = 2;
/// Telephone codes that wait for their trial; more are told to come later.
pub const TELEPHONE_TRIALS_WAITING: usize = 64;
/// Wrong telephone codes in a row after which a lock waits, and after which each further wait is twice as long, up to
/// [`TELEPHONE_WAIT_MOST`].
pub const TELEPHONE_WRONG_IN_A_ROW: u32 = 10;
/// The first such wait.
pub const TELEPHONE_WAIT: Duration = Duration::from_secs(3_600);
/// The longest such wait: so often a guesser has ten codes to try, for ever, which is 11,000 of 10^16 in a year; and so long
/// at most after a guesser gave up the owner's code is taken again.
pub const TELEPHONE_WAIT_MOST: Duration = Duration::from_secs(8 * 3_600);
/// Without a wrong telephone code for so long, a row of them is over.
pub const TELEPHONE_ROW_AGE: Duration = Duration::from_secs(24 * 3_600);
/// Wrong telephone codes in one call, after which it ends.
pub const TELEPHONE_WRONG_IN_A_CALL: u32 = 3;
/// Memos of one mailbox that a caller is offered, the newest of them.
pub const TELEPHONE_MEMOS: usize = 1_000;
/// What CURL takes of an answer, bytes.
pub const CURL_BYTES: usize = VARIABLE_BYTES;
/// Longest time that CURL waits, connecting included.
pub const CURL_TIME: Duration = Duration::from_secs(30);
/// Redirections that CURL follows.
pub const CURL_REDIRECTIONS: usize = 5;
/// Header fields that a dialplan adds to a request of CURL; status codes that it calls failures.
pub const CURL_HEADERS: usize = 32;
/// Longest file that a dialplan writes (FILE), bytes.
pub const DIALPLAN_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Longest time that a command of SHELL or System runs.
pub const COMMAND_TIME: Duration = Duration::from_secs(30);
/// Longest line of an AGI program, bytes; Asterisk's bound.
pub const AGI_LINE_BYTES: usize = 2_048;
/// Words in one line of an AGI program; Asterisk's bound.
pub const AGI_WORDS: usize = 128;
/// Commands that an AGI program has for the asking; after so many without the caller hearing or doing anything, each
/// takes `AGI_PAUSE`, so that a program that loops costs little until `DIALPLAN_STEPS` ends it.
pub const AGI_QUICK_COMMANDS: u64 = 1_000;
/// What a command of an AGI program that loops takes at least.
pub const AGI_PAUSE: Duration = Duration::from_millis(10);
/// How long an AGI program may leave its answers unread.
pub const AGI_SEND_TIME: Duration = Duration::from_secs(5);
/// What an AGI program still has once its call is over, to write down what it must.
pub const AGI_TIME_AFTER_CALL: Duration = Duration::from_secs(30);
/// How long an AGI program may take to exit once it was left.
pub const AGI_EXIT_TIME: Duration = Duration::from_secs(5);
/// Values of all variables of one call together, those that subroutines hide included, bytes.
pub const VARIABLES_BYTES: usize = 4 * 1024 * 1024;
/// Values of all global variables together, bytes.
pub const GLOBALS_BYTES: usize = 64 * 1024 * 1024;
/// Variables of one call.
pub const VARIABLES: usize = 4_096;
/// Fields that a dialplan adds to the record of one call.
pub const CALL_RECORD_FIELDS: usize = 64;
/// Groups (GROUP) that one call is in.
pub const CALL_GROUPS: usize = 64;
/// Variables that one call shares with others (SHARED).
pub const SHARED_VARIABLES: usize = 256;
/// Entries of the tables (HASH) of one call, all tables together.
pub const HASH_ENTRIES: usize = 4_096;
/// Body of an HTTP request, bytes: federation requests are below one kilobyte.
pub const HTTP_BODY_BYTES: usize = 64 * 1024;
/// HTTP connections at once: twice as many as memos on their way, so that those who read slowly leave room to others.
pub const HTTP_CONNECTIONS: usize = 1_024;
/// HTTP: the head of a request must have come within this time.
pub const HTTP_HEAD_TIME: Duration = Duration::from_secs(10);
/// Notifier processes and webhooks at once; more wait in memory.
pub const NOTIFIERS: usize = 16;
/// Hand-overs of links waiting in memory for a notifier.
pub const NOTIFIER_QUEUE: usize = 10_000;
/// Memos whose audio is in memory to be transcribed: waiting, or heard by an endpoint.
pub const TRANSCRIPTIONS: usize = 64;
/// Bytes of audio among them.
pub const TRANSCRIPTION_BYTES: usize = 128 * 1024 * 1024;
/// Memos that an endpoint hears at once.
pub const TRANSCRIPTIONS_AT_ONCE: usize = 2;
/// Longest time that one transcription or summary may take.
pub const TRANSCRIPTION_TIME: Duration = Duration::from_secs(600);
/// What is taken of an endpoint's answer, bytes.
pub const TRANSCRIPTION_ANSWER_BYTES: usize = 256 * 1024;
/// Longest transcript, bytes: an hour of speech; escaped, it still fits into an envelope.
pub const TRANSCRIPT_BYTES: usize = 48 * 1024;
/// Longest summary, bytes.
pub const SUMMARY_BYTES: usize = 1_000;
/// What a chat endpoint may write for a summary; models that think aloud need most of it for that.
pub const SUMMARY_TOKENS: u32 = 1_024;
/// Memos in the store of which somebody is still to be told.
pub const NOTICES: usize = 100_000;
/// Recordings that go on at once; more than calls that any configuration allows. Each holds a second of plain audio.
pub const VAULT_DRAFTS: usize = 100_000;
/// Mailboxes that one recording is left in.
pub const RECORDING_MAILBOXES: usize = 64;
/// Files that are made durable one by one; more are made so all at once, by a sync of their file system.
pub const SYNC_ONE_BY_ONE: usize = 4;
/// How often the journals of many recordings are made durable: each such time is one sync, however many there are.
pub const JOURNAL_SYNC: Duration = Duration::from_secs(1);
/// Where the store's file system has fewer bytes than this left, recordings end and none begins: what was recorded can
/// then still be made memos.
pub const STORE_ROOM: u64 = 8 * 1024 * 1024;
/// Where it has fewer than this, the index is not written to either: a database that ran into the end of the disk does
/// not go on before the next start.
pub const INDEX_ROOM: u64 = 2 * 1024 * 1024;
/// Where it has fewer than this, nothing is deleted, since that has to be noted in the index.
pub const DELETION_ROOM: u64 = 512 * 1024;
/// Room that the store holds in reserve, bytes: what the index needs to be opened on a disk that others have filled, and
/// for some deletions.
pub const STORE_RESERVE: usize = 4 * 1024 * 1024;
/// Plain audio in memory that callers hear again before it is kept, bytes; it is wiped as soon as they have heard it.
pub const REHEARSED_BYTES: u64 = 256 * 1024 * 1024;
/// Recordings that become memos in one batch, sharing its syncs; more wait for the next.
pub const FINISHING: usize = 256;
/// A configuration, or a file that it takes a secret or a certificate from, bytes.
pub const CONFIG_BYTES: usize = 1024 * 1024;
/// Most calls that a configuration may allow; there are 32,767 pairs of ports.
pub const CALLS: usize = 32_767;
/// Most media threads that a configuration may ask for.
pub const MEDIA_THREADS: usize = 64;
/// Characters that an operator's token should have at least.
pub const ADMIN_TOKEN_CHARS: usize = 16;
/// HTTP connections at once from one address; trusted proxies are not counted.
pub const HTTP_CONNECTIONS_PER_ADDRESS: usize = 64;
/// Head of an HTTP request, bytes.
pub const HTTP_HEAD_BYTES: usize = 32 * 1024;
/// An HTTP request must be whole, and its answer begun, within this time.
pub const HTTP_REQUEST_TIME: Duration = Duration::from_secs(30);
/// An HTTP connection lives no longer than this, however slowly its peer reads.
pub const HTTP_CONNECTION_TIME: Duration = Duration::from_secs(600);
/// How long an HTTP connection may need for `HTTP_WRITE_LEAST` bytes of an answer: a kilobyte a second. What is written is taken by the operating system first, some hundred kilobytes at once, so that this is far
/// longer than the pauses of a slow line.
pub const HTTP_WRITE_PAUSE: Duration = Duration::from_secs(60);
/// Bytes of an answer that a connection must take within `HTTP_WRITE_PAUSE`, or all that waits for it where that is less.
pub const HTTP_WRITE_LEAST: usize = 64 * 1024;
/// At a stop, requests that have begun may take this long to finish.
pub const HTTP_STOP_TIME: Duration = Duration::from_secs(5);
/// Memos at once on their way to HTTP clients, each an open file and a piece in memory; more wait their turn.
pub const HTTP_MEMOS: usize = 512;
/// Of them on their way to one address; a page plays one at a time.
pub const HTTP_MEMOS_PER_ADDRESS: usize = 4;
/// How long a request for a memo waits for such a place.
pub const HTTP_MEMO_WAIT: Duration = Duration::from_secs(5);
/// Bytes of a memo that are read from the disk, and handed to a connection, at a time. A multiple of three, so that each
/// piece stands for itself in base64 too, where it becomes 64 KiB.
pub const MEMO_PIECE_BYTES: usize = 48 * 1024;
/// Open files that the process asks the system for, connections and media included: all calls' ports, and the rest.
pub const OPEN_FILES: u64 = 131_072;
/// Fewer are warned of: connections, memos on their way, and a hundred calls.
pub const OPEN_FILES_LEAST: u64 = 2_048;
/// Bytes of an answer that the operating system takes of us before it sends them.
pub const HTTP_UNSENT_BYTES: u32 = 64 * 1024;
/// Entries in each half of a table of allowances.
pub const HTTP_LIMITER_ENTRIES: usize = 16_384;
/// Largest ciphertext that is fetched from another domain, bytes: an hour and more of 16-bit audio.
pub const FETCH_BYTES: usize = 64 * 1024 * 1024;
/// A fetch from another domain must be done within this time.
pub const FETCH_TIME: Duration = Duration::from_secs(60);
/// One of the header fields of a signed request, bytes; ours have some 300.
pub const SIGNATURE_FIELD_BYTES: usize = 8 * 1024;
/// A signed request is good for so long, seconds; and its mark is remembered until then.
pub const SIGNATURE_SECS: u64 = 60;
/// How far another domain's clock may be ahead of ours, seconds.
pub const SIGNATURE_SKEW_SECS: u64 = 30;
/// Texts among a signature's parameters, characters; a thumbprint has 43.
pub const SIGNATURE_TEXT_CHARS: usize = 256;
/// A nonce has at least so many characters; ours have 22.
pub const NONCE_CHARS_LEAST: usize = 16;
/// Nonces remembered, all domains together, some 10 MB.
pub const NONCES: usize = 65_536;
/// Nonces remembered of one key: 68 requests a second.
pub const NONCES_PER_KEY: usize = 4_096;
/// A discovery document, bytes; ours has 600.
pub const DISCOVERY_BYTES: usize = 64 * 1024;
/// A discovery document must have come within this time, so that a request that waits for it is answered in time.
pub const DISCOVERY_TIME: Duration = Duration::from_secs(8);
/// Discovery documents kept.
pub const DISCOVERY_CACHE: usize = 1_024;
/// How long a discovery document is believed: a key that its domain takes back counts no longer than this.
pub const DISCOVERY_AGE: Duration = Duration::from_secs(600);
/// A document that does not name a key is asked for again after so long at the earliest, since the key may be new.
pub const DISCOVERY_AGE_LEAST: Duration = Duration::from_secs(10);
/// A domain that gave no document is not asked again for so long.
pub const DISCOVERY_FAILURE_AGE: Duration = Duration::from_secs(30);
/// Discovery documents that are asked for at once, of domains that are not known yet; and again so many of those that are.
pub const DISCOVERIES: usize = 32;
/// Keys that are read from one discovery document.
pub const DISCOVERY_KEYS: usize = 16;
/// Connecting to another domain must be done within this time.
pub const FETCH_CONNECT_TIME: Duration = Duration::from_secs(5);
/// Redirections within one host that are followed on the way to a discovery document.
pub const DISCOVERY_REDIRECTIONS: usize = 3;
/// Answers of other domains in memory at once, bytes, all together: until whoever asked has them, cached ones included.
pub const FETCHES_BYTES: usize = 256 * 1024 * 1024;
/// An error that another domain tells, characters of it that we pass on.
pub const PEER_ERROR_CHARS: usize = 200;
/// Ciphertext of other domains that is kept for another listening, bytes, all together.
pub const FETCH_CACHE_BYTES: usize = 32 * 1024 * 1024;
/// How long it is kept at most, whatever the other domain allows: a memo that was taken back is heard no longer.
pub const FETCH_CACHE_TIME: Duration = Duration::from_secs(60);
/// A memo of another domain that is fetched for a browser must have come within this time: with the discovery document
/// before it, within `HTTP_REQUEST_TIME`.
pub const RELAY_TIME: Duration = Duration::from_secs(20);
/// Memos of other domains on their way through this server at once.
pub const RELAYS: usize = 64;
/// Of one domain, so that a slow one does not take all places.
pub const RELAYS_PER_DOMAIN: usize = 16;
/// For one address, likewise; two of the largest take half of `FETCHES_BYTES`.
pub const RELAYS_PER_ADDRESS: usize = 2;
/// Characters of the id of another domain's memo; ours have 22.
pub const PEER_MEMO_ID_CHARS: usize = 64;
/// The control socket: clients at once; they are the operator's own commands.
pub const CONTROL_CLIENTS: usize = 16;
/// The control socket: one request, bytes: a value of the database in it, however it is escaped.
pub const CONTROL_REQUEST_BYTES: usize = 6 * VARIABLE_BYTES + 4_096;
/// The control socket: one line of an answer, bytes; a status names every trunk.
pub const CONTROL_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// The control socket: a request must be answered, and read, within this time.
pub const CONTROL_TIME: Duration = Duration::from_secs(30);
/// The control socket: the pause after a connection could not be accepted.
pub const CONTROL_PAUSE: Duration = Duration::from_millis(200);
/// Challenges read from one response; servers send one for each algorithm.
pub const DIGEST_CHALLENGES: usize = 16;
/// Realms that one set of credentials remembers; the oldest is forgotten first.
pub const DIGEST_REALMS: usize = 8;
/// Times in a row that a server may call its own nonce stale before it is given up.
pub const DIGEST_STALE: u32 = 5;
/// A sealed envelope's ciphertext, bytes: a QR code takes ten kilobytes, a transcript of an hour sixty.
pub const ENVELOPE_BYTES: usize = 128 * 1024;
/// Longest time that a configuration may keep memos for, days: a hundred years.
pub const KEEP_DAYS: u64 = 36_525;
/// Most memos of one mailbox that a configuration may keep.
pub const KEEP_MEMOS: u64 = 10_000_000;
/// Most megabytes of one mailbox that a configuration may keep: a petabyte.
pub const KEEP_MB: u64 = 1_000_000_000;
/// Receipts of deletions that are kept; the oldest are forgotten first.
pub const RECEIPTS: usize = 100_000;
/// How long a receipt is kept.
pub const RECEIPT_KEPT: Duration = Duration::from_secs(400 * 86_400);
/// How long a memo that has expired is kept, so that who follows its link learns that it has.
pub const EXPIRED_KEPT: Duration = Duration::from_secs(86_400);
/// How long a set-up link for a mailbox is good for.
pub const INVITE_TIME: Duration = Duration::from_secs(86_400);
/// Memos on a page of an inbox.
pub const INBOX_PAGE: usize = 200;
/// Body of a request that may hold a sealed envelope, bytes.
pub const HTTP_ENVELOPE_BODY_BYTES: usize = 256 * 1024;
/// Domains that may fetch one memo.
pub const TRUSTED_DOMAINS: usize = 64;
/// A domain name with a port, bytes.
pub const DOMAIN_BYTES: usize = 253 + 6;
/// Shares of one memo.
pub const SHARES: usize = 100;
/// Fetches that a counted link may allow.
pub const MAX_ACCESSES: u64 = 1_000_000;
/// Body of an upload, bytes: twelve minutes of WAV, or hours of Opus.
pub const HTTP_UPLOAD_BYTES: usize = 16 * 1024 * 1024;
/// Memory for strangers' uploads until they are stored, bytes: four of the largest, as text and decoded.
pub const HTTP_UPLOAD_MEMORY_BYTES: usize = 8 * HTTP_UPLOAD_BYTES;
/// What of it one address may have: one of the largest.
pub const HTTP_UPLOAD_SHARE_BYTES: usize = 2 * HTTP_UPLOAD_BYTES;
/// Memory for uploads of mailboxes' owners, which strangers cannot take: two of the largest.
pub const HTTP_OWNER_UPLOAD_MEMORY_BYTES: usize = 4 * HTTP_UPLOAD_BYTES;
/// Bytes by which that memory is handed out.
pub const HTTP_UPLOAD_UNIT_BYTES: usize = 64 * 1024;
/// Uploads at once of one address.
pub const HTTP_UPLOADS_PER_ADDRESS: usize = 2;
/// How long an upload waits for that memory.
pub const HTTP_UPLOAD_WAIT: Duration = Duration::from_secs(10);
/// How long an upload may send nothing.
pub const HTTP_UPLOAD_PAUSE: Duration = Duration::from_secs(15);
/// How long an upload may take.
pub const HTTP_UPLOAD_TIME: Duration = Duration::from_secs(300);
/// An upload may begin as slowly as it likes for so long; from then on it must be as far as one that ends in time.
pub const HTTP_UPLOAD_GRACE: Duration = Duration::from_secs(30);
/// All memos together that were left in browsers, bytes of ciphertext.
pub const WEB_MEMOS_BYTES: u64 = 16 * 1024 * 1024 * 1024;
/// How long a request for changes waits for one.
pub const HTTP_POLL_TIME: Duration = Duration::from_secs(25);
/// Requests that wait for changes, of one address.
pub const HTTP_POLLERS_PER_ADDRESS: usize = 16;
/// Requests that wait for changes, all together.
pub const HTTP_POLLERS: usize = 256;
/// How often the store is cleared out.
pub const SWEEP_TIME: Duration = Duration::from_secs(3_600);
/// An archive of a mailbox: memos in it.
pub const ARCHIVE_MEMOS: usize = 1_000_000;
/// An archive of a mailbox: one record, bytes: an envelope in base64 is most of it.
pub const ARCHIVE_RECORD_BYTES: usize = 2 * ENVELOPE_BYTES;
/// An archive of a mailbox: its manifest, bytes; a memo takes some 220 of them.
pub const ARCHIVE_MANIFEST_BYTES: usize = 256 * 1024 * 1024;
