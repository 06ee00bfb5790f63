/**
 * The words of the command line, their help, and how errors are told: one line on stderr that begins with the command,
 * and the exit code. What the commands do is loaded only when one of them runs, so that help and usage errors are quick.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { DataError, exitCodes, UsageError } from './errors.ts'
import { INPUT_FORMATS } from './input/formats.ts'
import { openSession, type Session } from './session.ts'
import { plain } from './text.ts'
import { version } from './version.ts'

const exitCodeHelp = `
Exit codes:
    0  fine
    1  not converged; the model is written unless its loss overflows
    2  the command line is wrong
    3  the data are wrong: a file is missing, damaged, or not what it should be
  130  interrupted; no file was written`

const fitHelp = `
Data:
  DATA is a table: CSV, TSV, Parquet, JSON or JSON Lines, told by its name
  (.csv, .tsv, .parquet, .json, .jsonl; text also with .gz). The first line of a
  CSV file holds the column names. Columns but the label are features: numbers
  as they are, true and false as 1 and 0, lists of numbers place by place, and
  text with few levels as a category, one feature for each level but the most
  frequent. Other text is left out, and named on stderr; dates are refused.
  Missing values are an error, unless --missing says what to fill in; then a
  feature of its own tells where they were. Labels are text or integers. The
  model keeps all this: "predict" takes rows as they come.
  Images and their labels are a pair of IDX files, as MNIST comes (also with
  .gz); pixels are divided by 255.

Without --l2, seven values, one in a decade, are tried on rows held out: with 5
folds, or once with a fifth of the rows where numbers × classes pass 20 million.
Images take 1/rows, and so do tables of fewer than ten rows.

Ctrl-C ends the fit after the current iteration and keeps the model so far;
while l2 is being chosen, the best so far is fitted. Ctrl-C again ends at once.

Examples:
  $ maxshift fit iris.csv --label species --model iris.safetensors
  $ maxshift fit iris.csv --label species --features petal_length,petal_width
  $ maxshift fit train.parquet --label outcome --test test.parquet --l2 1e-4
  $ maxshift fit --images train-images --labels train-labels \\
      --test-images t10k-images --test-labels t10k-labels --model m.safetensors
${exitCodeHelp}`

const predictHelp = `
The columns are found by the names the model was made with; others are ignored.
The output is CSV, one line for each row of DATA, in the same order: the column
"prediction", and with --probabilities a column "p_CLASS" for each class.

Examples:
  $ maxshift predict new.csv --model iris.safetensors
  $ maxshift predict new.csv --model iris.safetensors --output predictions.csv
  $ maxshift predict new.csv --model iris.safetensors --probabilities
  $ maxshift predict --images t10k-images --model mnist.safetensors --json
${exitCodeHelp}`

const evaluateHelp = `
Examples:
  $ maxshift evaluate test.csv --label species --model iris.safetensors
  $ maxshift evaluate --images t10k-images --labels t10k-labels \\
      --model mnist.safetensors --json
${exitCodeHelp}`

const exportHelp = `
Formats:
  .onnx         opset 13, from columns to label and probabilities; hashed text
                cannot be expressed and is refused
  .js, .mjs     a module without imports: predict(row) gives the label and the
                probabilities of an object with the columns of the training data
  .json         everything the model holds
  .csv          the weights, a line per feature, a column per class
  .safetensors  the model file as it is

Examples:
  $ maxshift export iris.safetensors --output iris.onnx
  $ maxshift export iris.safetensors --output iris.mjs
  $ maxshift export iris.safetensors --output weights.csv
${exitCodeHelp}`

const inspectHelp = `
Examples:
  $ maxshift inspect iris.safetensors
  $ maxshift inspect iris.safetensors --json
${exitCodeHelp}`

const explainHelp = `
LOGITS are two or more numbers, or one file of logits: a table as for "fit", one
row of logits a line, with --label COLUMN naming the column of labels (places
counted from 0, or names of columns).

For numbers, the formulas of softmax and cross-entropy are worked through in
float32 and float64: as in the textbook, after the shift by the largest logit,
and as maxshift computes them, each with its right digits and what went wrong.
For a file, the rows are counted that each formula gets wrong.

Examples:
  $ maxshift explain 1000 0 -50 --label 1
  $ maxshift explain 20 0 -5
  $ maxshift explain logits.csv --label label --format markdown
${exitCodeHelp}`

/** Runs the command that `args` ask for; resolves to the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  let code: number = exitCodes.fine
  const act = async (name: string, work: (session: Session) => Promise<number>) => {
    code = await guard(name, work)
  }
  const program = createProgram(act)
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage
  }
}

type Act = (name: string, work: (session: Session) => Promise<number>) => Promise<void>

function createProgram(act: Act): Command {
  const program = new Command('maxshift')
    .description('Train, apply and evaluate softmax regression (multinomial logistic regression) on files.')
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', `\nRun "maxshift COMMAND --help" for options and examples.\n${exitCodeHelp}`)
  prepare(program, 'maxshift')
  addFit(program, act)
  addPredict(program, act)
  addEvaluate(program, act)
  addExport(program, act)
  addInspect(program, act)
  addExplain(program, act)
  return program
}

function addFit(program: Command, act: Act): void {
  const command = program
    .command('fit')
    .description('Fit a model to labelled rows.')
    .argument('[DATA...]', 'files of rows to learn from')
    .option('--label <COLUMN>', 'column of DATA that holds the classes')
    .option('--features <A,B,C>', 'columns to learn from (default: all): names as in CSV, ranges a..k, patterns pixel*')
    .option('--exclude <A,B,C>', 'columns to leave out, chosen in the same way')
    .option('--text <A,B>', 'columns of free text, taken as hashed words and runs of characters')
    .option('--text-bits <N>', 'log2 of the places that hashed text has', textBits, 18)
    .addOption(
      new Option('--missing <POLICY>', 'what to do about missing values')
        .choices(['error', 'mean', 'zero'])
        .default('error'),
    )
    .addOption(
      new Option('--unseen <POLICY>', 'what a new level of a category counts as, when predicting')
        .choices(['base', 'error'])
        .default('base'),
    )
    .option('--max-levels <N>', 'text with more levels is no category', wholePositive, 50)
    .option('--sql <QUERY>', 'query over the files, which it calls data: "SELECT … FROM data"')
    .addOption(
      new Option('--input-format <FORMAT>', 'format of DATA, if its name does not tell').choices(INPUT_FORMATS),
    )
    .option('--features-array <NAME>', 'array of an NPZ file that holds the features')
    .option('--labels-array <NAME>', 'array of an NPZ file that holds the labels')
    .option('--images <FILE>', 'IDX or NPY file of images, instead of DATA')
    .option('--labels <FILE>', 'IDX or NPY file of labels, one for each image or row')
    .option('--test <DATA>', 'file to evaluate the model on')
    .option('--test-images <FILE>', 'IDX file of images to evaluate the model on')
    .option('--test-labels <FILE>', 'file of labels, one for each test image or row')
    .option('--model <FILE>', 'where to write the model (safetensors); without it the model is not kept')
    .option('--report <FILE>', 'write a report with charts to FILE (HTML)')
    .option('--l2 <NUMBER>', 'strength of the penalty l2/2·‖weights‖² (default: chosen on held-out rows)', nonNegative)
    .option('--l1 <NUMBER>', 'strength of the penalty l1·Σ|weights|, which makes many of them 0', nonNegative)
    .option('--folds <N>', 'choose l2 by cross-validation with N folds', folds)
    .option('--one-se', 'take the largest l2 within one standard error of the best')
    .option('--standardize', 'penalise weights in units of deviations (default for mixed tables)')
    .option('--no-standardize', 'penalise weights as they are')
    .addOption(new Option('--class-weights <HOW>', 'give every class the same weight').choices(['balanced']))
    .option('--weights <COLUMN>', 'column of DATA that says how much each row counts')
    .option('--seed <N>', 'for what is drawn at random', seed, 0)
    .option('--threads <N>', 'the most threads (default: as many as there are cores)', wholePositive)
    .option('--max-seconds <N>', 'end the fit after this time and keep the model so far', positive)
    .option('--checkpoint <FILE>', 'write down now and then where the fit is; needs --l2, or images')
    .option('--resume <FILE>', 'go on from a checkpoint of the same data and options')
    .option('--tolerance <NUMBER>', 'gradient norm at which the fit counts as converged', positive, 1e-3)
    .option('--max-iterations <N>', 'iterations after which the fit ends unconverged', wholePositive, 1000)
    .option('--json', 'print one JSON object on stdout and nothing else')
    .addHelpText('after', fitHelp)
  prepare(command, 'maxshift fit')
  command.action((data: string[], options) => {
    return act('fit', async (session) => (await import('./commands/fit.ts')).fit(data, options, session))
  })
}

function addPredict(program: Command, act: Act): void {
  const command = program
    .command('predict')
    .description('Predict the class of each row.')
    .argument('[DATA...]', 'files of rows')
    .requiredOption('--model <FILE>', 'model written by "maxshift fit"')
    .option('--sql <QUERY>', 'query over the files, which it calls data: "SELECT … FROM data"')
    .addOption(
      new Option('--input-format <FORMAT>', 'format of DATA, if its name does not tell').choices(INPUT_FORMATS),
    )
    .option('--features-array <NAME>', 'array of an NPZ file that holds the features')
    .option('--images <FILE>', 'IDX or NPY file of images, instead of DATA')
    .option('--probabilities', 'also write the probability of each class')
    .option('--output <FILE>', 'write the CSV to FILE instead of stdout')
    .option('--json', 'print one JSON object on stdout and nothing else')
    .addHelpText('after', predictHelp)
  prepare(command, 'maxshift predict')
  command.action((data: string[], options) => {
    return act('predict', async (session) => (await import('./commands/predict.ts')).predict(data, options, session))
  })
}

function addEvaluate(program: Command, act: Act): void {
  const command = program
    .command('evaluate')
    .description('Compare the predictions of a model with known labels.')
    .argument('[DATA...]', 'files of labelled rows')
    .requiredOption('--model <FILE>', 'model written by "maxshift fit"')
    .option('--label <COLUMN>', 'column of DATA that holds the classes')
    .option('--sql <QUERY>', 'query over the files, which it calls data: "SELECT … FROM data"')
    .addOption(
      new Option('--input-format <FORMAT>', 'format of DATA, if its name does not tell').choices(INPUT_FORMATS),
    )
    .option('--features-array <NAME>', 'array of an NPZ file that holds the features')
    .option('--labels-array <NAME>', 'array of an NPZ file that holds the labels')
    .option('--images <FILE>', 'IDX or NPY file of images, instead of DATA')
    .option('--labels <FILE>', 'IDX or NPY file of labels, one for each image or row')
    .option('--report <FILE>', 'write a report with charts to FILE (HTML)')
    .option('--weights <COLUMN>', 'column of DATA that says how much each row counts')
    .option('--json', 'print one JSON object on stdout and nothing else')
    .addHelpText('after', evaluateHelp)
  prepare(command, 'maxshift evaluate')
  command.action((data: string[], options) => {
    return act('evaluate', async (session) => (await import('./commands/evaluate.ts')).evaluate(data, options, session))
  })
}

function addExport(program: Command, act: Act): void {
  const command = program
    .command('export')
    .description('Write a model in the form that another program takes.')
    .argument('<MODEL>', 'model written by "maxshift fit"')
    .requiredOption('--output <FILE>', 'where to write it; its name tells the format')
    .addOption(
      new Option('--format <FORMAT>', 'format, if the name does not tell').choices([
        'onnx',
        'js',
        'json',
        'csv',
        'safetensors',
      ]),
    )
    .addOption(
      new Option('--precision <TYPE>', 'numbers of the ONNX graph').choices(['float64', 'float32']).default('float64'),
    )
    .option('--json', 'print one JSON object on stdout and nothing else')
    .addHelpText('after', exportHelp)
  prepare(command, 'maxshift export')
  command.action((path: string, options) => {
    return act('export', async (session) => (await import('./commands/export.ts')).exportModel(path, options, session))
  })
}

function addInspect(program: Command, act: Act): void {
  const command = program
    .command('inspect')
    .description('Show what a model file holds.')
    .argument('<MODEL>', 'model written by "maxshift fit"')
    .option('--json', 'print one JSON object on stdout and nothing else')
    .addHelpText('after', inspectHelp)
  prepare(command, 'maxshift inspect')
  command.action((path: string, options) => {
    return act('inspect', async () => (await import('./commands/inspect.ts')).inspect(path, options))
  })
}

function addExplain(program: Command, act: Act): void {
  const command = program
    .command('explain')
    .description('Show what naive softmax and cross-entropy make of logits, and why.')
    .argument('<LOGITS...>', 'logits of one row, or a file of rows')
    .option('--label <PLACE>', 'place of the label, from 0 (default: the largest logit); for a file, its column')
    .addOption(new Option('--format <FORMAT>', 'how to show it').choices(['text', 'markdown', 'json']).default('text'))
    .addHelpText('after', explainHelp)
  prepare(command, 'maxshift explain')
  command.action((words: string[], options) => {
    return act('explain', async (session) => (await import('./commands/explain.ts')).explain(words, options, session))
  })
}

/** Errors of the words come as one line, and never end the process from inside. */
function prepare(command: Command, name: string): void {
  const outputError = (text: string) => {
    const line = text.replace(/^error: /, '').replace(/\s+/g, ' ')
    tell(name, `${line.trim()} (see ${name} --help)`)
  }
  command.exitOverride().configureOutput({ outputError })
}

/** Runs a command and turns what it throws into one line and an exit code. */
async function guard(name: string, work: (session: Session) => Promise<number>): Promise<number> {
  const full = `maxshift ${name}`
  const session = openSession(name)
  try {
    return await work(session)
  } catch (error) {
    session.progress.done()
    if (error instanceof UsageError) {
      tell(full, `${error.message} (see ${full} --help)`)
      return exitCodes.usage
    }
    if (error instanceof DataError) {
      tell(full, error.message)
      return exitCodes.data
    }
    if (process.env.MAXSHIFT_DEBUG) throw error
    const what = error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : String(error)
    tell(full, `a defect of maxshift itself: ${what} (MAXSHIFT_DEBUG=1 shows where; please report it)`)
    return exitCodes.defect
  }
}

function tell(name: string, message: string): void {
  process.stderr.write(`${name}: ${plain(message)}\n`)
}

function numberFrom(text: string, accept: (value: number) => boolean, expected: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(value) || !accept(value)) throw new InvalidArgumentError(`Expected ${expected}.`)
  return value
}

const nonNegative = (text: string) => numberFrom(text, (value) => value >= 0, 'a number ≥ 0, such as 1e-4')
const positive = (text: string) => numberFrom(text, (value) => value > 0, 'a number > 0, such as 1e-4')
const textBits = (text: string) =>
  numberFrom(text, (value) => Number.isInteger(value) && value >= 8 && value <= 24, 'an integer from 8 to 24')
const wholePositive = (text: string) =>
  numberFrom(text, (value) => Number.isSafeInteger(value) && value > 0, 'an integer > 0')
const folds = (text: string) => numberFrom(text, (value) => Number.isSafeInteger(value) && value >= 2, 'an integer ≥ 2')
const seed = (text: string) => numberFrom(text, (value) => Number.isSafeInteger(value) && value >= 0, 'an integer ≥ 0')
