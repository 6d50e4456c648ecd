//! Every function with arguments and values that nobody would write, and that a variable may hold all the same.

use super::on_machine;
use crate::dialplan::apps::tests::nasty;
use crate::dialplan::{functions, services, Globals};
use crate::limits;
use std::sync::Arc;

#[test]
fn every_function_answers_whatever_its_arguments() {
    let permissions: Vec<&str> = functions::ALL.iter().filter_map(|f| f.permission()).collect();
    let machine = Arc::new(services::Memory::new());
    let mut asked = 0;
    on_machine("", &permissions, &Globals::new(), &machine, |session| {
        for function in functions::ALL {
            let name = function.manual().name;
            for arguments in nasty() {
                let value = session.evaluate(&format!("${{{name}({arguments})}}"));
                let longest = limits::VARIABLE_BYTES + arguments.len();
                assert!(value.len() <= longest, "{name}: {} bytes", value.len());
                // Whether it can be set so does not matter here.
                let _ = session.set(&format!("{name}({arguments})"), &arguments);
                asked += 1;
            }
        }
    });
    assert!(asked > 10_000, "{asked}");
}
