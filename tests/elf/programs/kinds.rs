// SPDX-License-Identifier: Apache-2.0
// The Rust program of the matrix: threads, thread locals, a caught panic (which unwinds); then the
// denied call. Same protocol as kinds.c.
use std::cell::Cell;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::mpsc;
use std::thread;

thread_local! {
    static LOCAL: Cell<u32> = Cell::new(40);
}

fn try_call(who: &str) {
    let directory = format!("kinds-directory-{}", std::process::id());
    match std::fs::create_dir(&directory) {
        Ok(()) => {
            std::fs::remove_dir(&directory).ok();
            println!("call from {}: allowed", who);
        }
        Err(error) => println!(
            "call from {}: errno {}",
            who,
            error.raw_os_error().unwrap_or(0)
        ),
    }
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("hold") {
        println!("holding");
        std::io::stdout().flush().unwrap();
        let mut rest = Vec::new();
        std::io::stdin().read_to_end(&mut rest).unwrap();
        return;
    }
    let (sender, receiver) = mpsc::channel();
    let handles: Vec<_> = (0..4u32)
        .map(|i| {
            let sender = sender.clone();
            thread::spawn(move || {
                let block: Vec<u32> = (0..10000).map(|j| j % (i + 1)).collect();
                LOCAL.with(|local| local.set(local.get() + i));
                let local = LOCAL.with(|local| local.get());
                sender.send(block.iter().sum::<u32>() + local).unwrap();
            })
        })
        .collect();
    for handle in handles {
        handle.join().unwrap();
    }
    drop(sender);
    println!("threads: {}", receiver.iter().sum::<u32>());
    let mut map = HashMap::new();
    for word in "one two three two".split(' ') {
        *map.entry(word).or_insert(0) += 1;
    }
    println!("map: {}", map["two"]);
    std::panic::set_hook(Box::new(|_| {}));
    let caught = std::panic::catch_unwind(|| {
        let empty: Vec<u32> = Vec::new();
        empty[std::env::args().count()]
    });
    println!("panic caught: {}", caught.is_err());
    try_call("main");
    thread::spawn(|| try_call("thread")).join().unwrap();
    println!("done");
}
