//! The few options of the tasks. What is not understood is refused.

use anyhow::{Context, Result, bail};

/// Arguments that are still to be understood.
pub(crate) struct Options {
    left: Vec<String>,
}

impl Options {
    /// All arguments after the task.
    pub(crate) fn new(arguments: &[String]) -> Options {
        Options { left: arguments.to_vec() }
    }

    /// Takes `--name` out, if it is there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.left.len();
        self.left.retain(|argument| argument != name);
        self.left.len() < before
    }

    /// Takes `--name VALUE` or `--name=VALUE` out, if it is there.
    pub(crate) fn value(&mut self, name: &str) -> Result<Option<String>> {
        let joined = format!("{name}=");
        let is_it = |argument: &String| argument == name || argument.starts_with(&joined);
        let Some(at) = self.left.iter().position(is_it) else { return Ok(None) };
        let argument = self.left.remove(at);
        if let Some(value) = argument.strip_prefix(&joined) {
            return Ok(Some(value.to_owned()));
        }
        let value = (at < self.left.len()).then(|| self.left.remove(at));
        Ok(Some(value.with_context(|| format!("{name} needs a value"))?))
    }

    /// Takes out the first argument that is no option, if there is one.
    pub(crate) fn word(&mut self) -> Option<String> {
        let at = self.left.iter().position(|argument| !argument.starts_with('-'))?;
        Some(self.left.remove(at))
    }

    /// Refuses what is left.
    pub(crate) fn end(self) -> Result<()> {
        match self.left.first() {
            Some(argument) => bail!("`{argument}` is not understood; see `cargo xtask help`"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Options {
        Options::new(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_taken_out_and_the_rest_is_refused() {
        let mut all = options("--small --without node,browser --out=a b");
        assert!(all.flag("--small") && !all.flag("--small"));
        assert_eq!(all.value("--without").unwrap().as_deref(), Some("node,browser"));
        assert_eq!(all.value("--out").unwrap().as_deref(), Some("a"));
        assert_eq!(all.value("--seed").unwrap(), None);
        assert_eq!(all.word().as_deref(), Some("b"));
        assert_eq!(all.word(), None);
        let rest = options("--other c").end();
        assert!(rest.unwrap_err().to_string().contains("`--other`"));
    }

    #[test]
    fn an_option_without_its_value_is_refused() {
        assert!(options("--out").value("--out").is_err());
    }
}
