//! Functions: `${NAME(arguments)}`, and for some `Set(NAME(arguments)=value)`. One file each, with its manual entry;
//! this is the table of them.
//!
//! To add one: a file with a unit type that implements [`Function`], and a line in `ALL`.

use super::apps::Manual;
use super::interp::Run;
use async_trait::async_trait;

/// A function. The value holds nothing: a call's state is in [`Run`].
pub trait Function: Sync {
    /// Its manual entry.
    fn manual(&self) -> &'static Manual;

    /// Its value. The arguments are what stands between the parentheses, variables replaced. The error is said in a
    /// sentence for the author; the value is then empty.
    fn read(&self, _run: &mut Run<'_>, _arguments: &str) -> Result<String, String> {
        Err("it can only be set".to_string())
    }

    /// The function as one whose value takes time; `read` is then not asked.
    fn waits(&self) -> Option<&'static dyn Waiting> {
        None
    }

    /// What `[dialplan] allow` must name before a dialplan may use it; `None` for what harms nobody.
    fn permission(&self) -> Option<&'static str> {
        None
    }

    /// Sets it.
    fn write(&self, _run: &mut Run<'_>, _arguments: &str, _value: &str) -> Result<(), String> {
        Err("it can only be read".to_string())
    }
}

/// A function whose value takes time: it waits for the network, or for a program.
#[async_trait]
pub trait Waiting: Sync {
    /// Its value, as [`Function::read`] gives it.
    async fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String>;
}

macro_rules! functions {
    ($($file:ident :: $name:ident),* $(,)?) => {
        $(mod $file;)*
        /// Every function, by name.
        pub static ALL: &[&dyn Function] = &[$(&$file::$name),*];
    };
}

mod ends;

functions! {
    aes_decrypt::AesDecrypt,
    aes_encrypt::AesEncrypt,
    array::Array,
    base64_decode::Base64Decode,
    base64_encode::Base64Encode,
    blacklist::Blacklist,
    callerid::CallerIdFunction,
    cdr::Cdr,
    channel::ChannelFunction,
    channel_exists::ChannelExists,
    channels::Channels,
    csv_quote::CsvQuote,
    curl::Curl,
    curlopt::CurlOpt,
    cut::Cut,
    db::Db,
    db_delete::DbDelete,
    db_exists::DbExists,
    db_keycount::DbKeyCount,
    db_keys::DbKeys,
    dec::Dec,
    dialplan_exists::DialplanExists,
    env::Env,
    eval::Eval,
    eval_exten::EvalExten,
    exception::ExceptionFunction,
    exists::Exists,
    fieldnum::FieldNum,
    fieldqty::FieldQty,
    file::File,
    file_count_line::FileCountLine,
    file_format::FileFormat,
    filter::Filter,
    global::Global,
    group::Group,
    group_count::GroupCount,
    group_list::GroupList,
    group_match_count::GroupMatchCount,
    hangupcause::HangupCause,
    hangupcause_keys::HangupCauseKeys,
    hash::HashFunction,
    hashkeys::HashKeys,
    hint::Hint,
    if_::If,
    ifmodule::IfModule,
    iftime::IfTime,
    inc::Inc,
    isnull::IsNull,
    json_decode::JsonDecode,
    keypadhash::KeypadHash,
    len::Len,
    listfilter::ListFilter,
    local::Local,
    local_peek::LocalPeek,
    ltrim::LTrim,
    mailbox_exists::MailboxExists,
    master_channel::MasterChannel,
    math::Math,
    md5::Md5Function,
    message::Message,
    message_data::MessageData,
    passthru::PassThru,
    pjsip_header::PjsipHeader,
    pjsip_headers::PjsipHeaders,
    pjsip_parse_uri::PjsipParseUri,
    pop::Pop,
    push::Push,
    quote::Quote,
    rand::Rand,
    redirecting::RedirectingFunction,
    regex::RegexFunction,
    replace::Replace,
    rtrim::RTrim,
    sayfiles::SayFiles,
    set_::SetFunction,
    sha1::Sha1Function,
    sha256::Sha256Function,
    shared::Shared,
    shell::Shell,
    shift::Shift,
    sip_header::SipHeader,
    sort::Sort,
    sprintf::Sprintf,
    stack_peek::StackPeek,
    stat::Stat,
    strbetween::StrBetween,
    strftime::StrFTime,
    strptime::StrPTime,
    strreplace::StrReplace,
    sysinfo::SysInfo,
    testtime::TestTime,
    timeout::Timeout,
    tolower::ToLower,
    toupper::ToUpper,
    trim::Trim,
    unshift::Unshift,
    uridecode::UriDecode,
    uriencode::UriEncode,
    uriencode_form::UriEncodeForm,
    uriencode_user::UriEncodeUser,
    uuid::Uuid,
    valid_exten::ValidExten,
    version::Version,
}

pub use curlopt::CurlOptions;
pub use hash::Hashes;

/// The function of that name. Unlike those of applications, names of functions are case-sensitive.
pub fn find(name: &str) -> Option<&'static dyn Function> {
    ALL.iter()
        .find(|function| function.manual().name == name)
        .copied()
}

/// A text with its escapes read: `\\n`, `\\t`, `\\r`, `\\xHH`, `\\OOO`, and a backslash before anything else for itself.
pub(super) fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((c, _, after)) = first_char(rest) {
        out.push(c);
        rest = after;
    }
    out
}

/// The first character of a text with escapes, whether it was one, and what follows.
fn first_char(text: &str) -> Option<(char, bool, &str)> {
    let mut chars = text.chars();
    match chars.next()? {
        '\\' => {}
        c => return Some((c, false, chars.as_str())),
    }
    let rest = chars.as_str();
    let number = |digits: usize, radix: u32, from: usize| {
        let end = rest
            .bytes()
            .skip(from)
            .take(digits)
            .take_while(|c| (*c as char).is_digit(radix))
            .count();
        let value = u32::from_str_radix(rest.get(from..from + end)?, radix).ok()?;
        Some((char::from_u32(value)?, true, &rest[from + end..]))
    };
    match chars.next() {
        None => Some(('\\', false, "")),
        Some('n') => Some(('\n', true, chars.as_str())),
        Some('r') => Some(('\r', true, chars.as_str())),
        Some('t') => Some(('\t', true, chars.as_str())),
        Some('x') => Some(number(2, 16, 1).unwrap_or(('x', true, chars.as_str()))),
        Some('0'..='7') => number(3, 8, 0),
        Some(c) => Some((c, true, chars.as_str())),
    }
}

/// The first character of a text with escapes; empty where there is none.
fn character(text: &str) -> String {
    first_char(text).map_or(String::new(), |(c, ..)| c.to_string())
}

/// The delimiter of a list: the first character of the argument, else this one.
fn delimiter(argument: &str, default: &str) -> String {
    match argument {
        "" => default.to_string(),
        text => character(text),
    }
}

/// Which of several fields of a header is meant, from 1; the first where nothing is said.
fn number_of(text: &str) -> Result<usize, String> {
    match text.trim() {
        "" => Ok(1),
        text => text.parse().map_err(|_| format!("{text} is not a number")),
    }
}

/// The header field of that name that is the `number`th, from 1.
fn header(run: &Run<'_>, name: &str, number: usize) -> Result<String, String> {
    let name = name.trim();
    let fits = |field: &str| match name.strip_suffix('*') {
        Some(start) => field
            .get(..start.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(start)),
        None => field.eq_ignore_ascii_case(name),
    };
    let mut fields = run
        .channel
        .facts()
        .headers
        .iter()
        .filter(|(field, _)| fits(field));
    match number.checked_sub(1).and_then(|index| fields.nth(index)) {
        Some((_, value)) => Ok(value.clone()),
        // An absent header is a question that authors ask: no mistake.
        None => Ok(String::new()),
    }
}

#[cfg(test)]
mod tests;
