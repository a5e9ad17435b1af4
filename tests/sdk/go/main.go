// Runs the steps of one Go SDK in this process and reports which of its functions were called.

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// Judge is one SDK's program; its file puts it into judges under the file's own name.
type Judge struct {
	Public func(*World) []string
	Steps  map[string]func(*World)
}

var judges = map[string]Judge{}

type outcome struct {
	Error   string   `json:"error"`
	Called  []string `json:"called"`
	Seconds float64  `json:"seconds"`
}

func main() {
	world := &World{called: map[string]bool{}}
	if err := json.Unmarshal(must(os.ReadFile(os.Args[2])), &world.told); err != nil {
		panic(err)
	}
	judge, found := judges[os.Args[1]]
	check(found, "no file here registers %s", os.Args[1])
	steps := map[string]outcome{}
	for _, name := range world.told.Steps {
		steps[name] = run(judge.Steps[name], world)
	}
	report := must(json.Marshal(map[string]any{"public": judge.Public(world), "steps": steps}))
	if err := os.WriteFile(world.told.Report, report, 0o600); err != nil {
		panic(err)
	}
}

func run(step func(*World), world *World) (told outcome) {
	started := time.Now()
	defer func() {
		if problem := recover(); problem != nil {
			told.Error = fmt.Sprintf("%v\n%s", problem, debug.Stack())
		}
		told.Called, told.Seconds = world.takeCalled(), time.Since(started).Seconds()
	}()
	check(step != nil, "it has no such step")
	step(world)
	return told
}
