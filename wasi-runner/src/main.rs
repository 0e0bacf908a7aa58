//! The command `rawsky`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use rawsky_host::args::{Arguments, Command};
use rawsky_host::batch::{self, End};
use rawsky_host::class::{Class, Failure};
use rawsky_host::context::Context;
use rawsky_host::run::Again;
use rawsky_host::{
    check, child, exec, gc, index, provenance, serve, simulate, single, status, trend, verify,
};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Command::Child { folder } = &arguments.command {
        return ExitCode::from(child::main(folder));
    }
    match command(&arguments) {
        Ok(End::Done) => ExitCode::SUCCESS,
        Ok(End::Partial) => ExitCode::from(3),
        Ok(End::Failed) => ExitCode::FAILURE,
        Ok(End::Code(code)) => ExitCode::from(code),
        // A batch system reads the class of these commands from the exit code.
        Err(failure)
            if matches!(arguments.command, Command::Exec { .. })
                || failure.class == Class::NoMatch =>
        {
            let _ = writeln!(std::io::stderr(), "rawsky: {failure}");
            ExitCode::from(failure.class.code())
        }
        Err(failure) => {
            // Without a standard error there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "rawsky: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn command(arguments: &Arguments) -> Result<End, Failure> {
    let mut context = Context::new(&arguments.common)?;
    if let Command::Aperture(args) = &arguments.command {
        return single::aperture(&mut context, args).map(|()| End::Done);
    }
    if let Command::Calibrate(args) = &arguments.command {
        return single::calibrate(&mut context, args).map(|()| End::Done);
    }
    let context = &context;
    match &arguments.command {
        Command::Reduce(night) => return batch::reduce(context, night),
        Command::Plan(night) => batch::plan(context, night),
        Command::Run { run } => return batch::run(context, run),
        Command::Exec { run, task } => return exec::exec(context, run, task),
        Command::Retry { run, class } => {
            return batch::again(context, run, class.map_or(Again::All, Again::Of));
        }
        Command::Status(options) => status::status(context, options),
        Command::Check(options) => return check::check(context, options),
        Command::Verify(options) => return verify::verify(context, options),
        Command::Provenance(options) => provenance::provenance(context, options),
        Command::Index(options) => index::index(context, options),
        Command::Trend { runs } => trend::trend(context, runs),
        Command::Gc(options) => gc::gc(context, options),
        Command::Simulate(args) => simulate::simulate(context, args),
        Command::Inspect { file } => single::inspect(context, file),
        Command::MasterBias { raws, output } => single::master_bias(context, raws, output),
        Command::MasterDark { raws, bias, output } => {
            single::master_dark(context, raws, bias, output)
        }
        Command::MasterFlat { raws, bias, dark, output } => {
            single::master_flat(context, raws, (bias, dark.as_deref()), output)
        }
        Command::FocalPlane { flats, output } => single::focal_plane(context, flats, output),
        Command::Detrend(args) => single::detrend(context, args),
        Command::Serve { run, port } => serve::serve(context, run.as_deref(), *port),
        Command::Aperture(_) | Command::Calibrate(_) | Command::Child { .. } => Ok(()),
    }?;
    Ok(End::Done)
}
