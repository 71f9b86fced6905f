// SPDX-License-Identifier: MIT
//! Waiting for several channels at once: two sources of different types, and a channel to send to.
use pushpull::Select;
use std::thread;

fn main() {
    let (numbers, rx_number) = pushpull::spsc::<u64>(4);
    let (words, rx_word) = pushpull::spsc::<String>(4);
    let (log, lines) = pushpull::spsc::<String>(1);

    thread::spawn(move || (1..=100).try_for_each(|n| numbers.send(n)));
    thread::spawn(move || ["a", "b", "c"].iter().try_for_each(|w| words.send(w.to_string())));
    let logger = thread::spawn(move || lines.iter().count());

    let (mut sum, mut text, mut sources, mut logged) = (0, String::new(), 2, 1);
    let mut sel = Select::new();
    let number = sel.recv(&rx_number);
    let word = sel.recv(&rx_word);
    let line = sel.send(&log, "started".to_string());
    while sources > 0 {
        let done = sel.select();
        match done.index() {
            i if i == number => match done.recv(&rx_number) {
                Ok(n) => sum += n,
                Err(_) => {
                    sel.remove(number); // it has ended
                    sources -= 1;
                }
            },
            i if i == word => match done.recv(&rx_word) {
                Ok(w) => text += &w,
                Err(_) => {
                    sel.remove(word);
                    sources -= 1;
                }
            },
            _ => {
                done.send(&log).unwrap();
                if logged < 3 {
                    sel.refill(line, &log, format!("the sum is {}", sum));
                    logged += 1;
                }
            }
        }
    }
    let unsent = sel.take(line, &log); // an item that found no room in time is ours again
    drop(sel);
    drop(log);
    let received = logger.join().unwrap();
    println!("{} {} {} lines", sum, text, received);
    assert_eq!((sum, text.as_str()), (5050, "abc"));
    assert_eq!(received + usize::from(unsent.is_some()), logged);
}
