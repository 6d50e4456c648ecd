//! Functions: `${NAME(arguments)}`, and for some `Set(NAME(arguments)=value)`. One file each, with its manual entry;
//! this is the table of them.
//!
//! To add one: a file with a unit type that implements [`Function`], and a line in `ALL`.

use super::apps::Manual;
use super::interp::Run;

/// A function. The value holds nothing: a call's state is in [`Run`].
pub trait Function: Sync {
    /// Its manual entry.
    fn manual(&self) -> &'static Manual;

    /// Its value. The arguments are what stands between the parentheses, variables replaced. The error is said in a
    /// sentence for the author; the value is then empty.
    fn read(&self, _run: &mut Run<'_>, _arguments: &str) -> Result<String, String> {
        Err("it can only be set".to_string())
    }

    /// Sets it.
    fn write(&self, _run: &mut Run<'_>, _arguments: &str, _value: &str) -> Result<(), String> {
        Err("it can only be read".to_string())
    }
}

macro_rules! functions {
    ($($file:ident :: $name:ident),* $(,)?) => {
        $(mod $file;)*
        /// Every function, by name.
        pub static ALL: &[&dyn Function] = &[$(&$file::$name),*];
    };
}

functions! {
    len::Len,
}

/// The function of that name. Unlike those of applications, names of functions are case-sensitive.
pub fn find(name: &str) -> Option<&'static dyn Function> {
    ALL.iter()
        .find(|function| function.manual().name == name)
        .copied()
}
