// debugger;
const debuggerPort = 9229;
attach(debugger_);
